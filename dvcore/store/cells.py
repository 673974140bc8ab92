"""Sealed values: what no hash covers (refs, working states, log entries) carries a checksum.

The checksum covers the cell's name too, so that a value that strayed under another name is found as well. It guards
against damage, not against somebody who means harm. `docs/format/store.md` has the byte table.
"""

from typing import Final

from dvcore.errors import CorruptError
from dvcore.ids import digest

SEAL_BYTES: Final = 16
_DOMAIN: Final = b"dset cell 1\0"


def seal(name: str, payload: bytes) -> bytes:
    """The bytes to store for `payload` under `name`, a key of at most 510 bytes."""
    return _checksum(name, payload) + payload


def unseal(name: str, sealed: bytes) -> bytes:
    """The payload of what is stored under `name`.

    Raises CorruptError where it is not what was sealed under this name.
    """
    payload = sealed[SEAL_BYTES:]
    if sealed[:SEAL_BYTES] != _checksum(name, payload):
        raise CorruptError(f"the stored value of {name!r} is damaged", hint="'dset fsck' tells what else is")
    return payload


def _checksum(name: str, payload: bytes) -> bytes:
    raw = name.encode()
    return digest(_DOMAIN + len(raw).to_bytes(2, "big") + raw + payload)[:SEAL_BYTES]
