"""What a store can really do, found out by trying: what it says of itself may be its wish, or its maker's.

Some servers that speak S3 take the headers of a condition and write all the same.
"""

import os
from contextlib import suppress

from dvcore.errors import AccessDeniedError, ConflictError, NotFoundError, StorageError
from dvcore.remote.storages.storage import ABSENT, Capabilities, Condition, Matches, Storage


def probe(storage: Storage) -> Capabilities:
    """Try what pushing needs, on an object of its own, which is removed again: 4 to 9 requests.

    Raises StorageError where not even reading works, or where what was written is read otherwise.
    """
    name = f"probe/{os.urandom(12).hex()}"
    with suppress(NotFoundError):
        storage.get(name)
    claimed = storage.capabilities
    if not claimed.writable:
        return claimed
    try:
        storage.put(name, b"first")
    except AccessDeniedError:
        return Capabilities(writable=False, conditional=False, lists=claimed.lists)
    try:
        _check_reading(storage, name)
        return Capabilities(conditional=claimed.conditional and _keeps_conditions(storage, name), lists=claimed.lists)
    finally:
        with suppress(StorageError):
            storage.remove(name)


def _check_reading(storage: Storage, name: str) -> None:
    same = storage.get(name).data == b"first" and storage.get_range(name, 2, 2) == b"rs"
    if not same:
        raise StorageError(f"{storage.describe()} gives other bytes than it was given", hint="use another store")


def _keeps_conditions(storage: Storage, name: str) -> bool:
    """Whether a condition that does not hold keeps a write away, and one that holds does not."""
    old = storage.get(name).tag
    if _writes(storage, name, b"second", ABSENT) or not _writes(storage, name, b"third", Matches(old)):
        return False
    return not _writes(storage, name, b"fourth", Matches(old)) and storage.get(name).data == b"third"


def _writes(storage: Storage, name: str, data: bytes, condition: Condition) -> bool:
    try:
        storage.put(name, data, condition=condition)
    except ConflictError:
        return False
    return True
