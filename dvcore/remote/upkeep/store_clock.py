"""What time it is for a store. Graces are kept by its clock alone: those of the people who push differ."""

import os
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Final

from dvcore.errors import StorageError
from dvcore.remote.storages.storage import Storage

FOLDER: Final = "clock"
_LEFT_BEHIND: Final = timedelta(hours=1)


def read_clock(storage: Storage) -> datetime:
    """The time by the store's clock (aware): it writes an object of its own, lists and removes it. Three requests.

    What others left there that were killed is removed as well. Raises StorageError, StateError.
    """
    name = f"{FOLDER}/{os.urandom(12).hex()}"
    storage.put(name, b"what time is it?")
    times = {listed.name: listed.time for listed in storage.iter_names(FOLDER)}
    now = times.get(name)
    left = [one for one, time in times.items() if now is not None and now - time > _LEFT_BEHIND]
    with suppress(StorageError):
        for one in (name, *left):
            storage.remove(one)
    if now is None:
        raise StorageError(f"{storage.describe()} does not list what was just written", hint="run the command again")
    return now
