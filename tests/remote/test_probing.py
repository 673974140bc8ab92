"""Probing believes nothing that a store says of itself."""

import pytest

from dvcore.errors import AccessDeniedError, StorageError, UnknownOutcomeError
from dvcore.remote.storages.memory import MemoryStorage
from dvcore.remote.storages.probing import probe
from dvcore.remote.storages.storage import ABSENT, ALWAYS, Absent, Capabilities, Condition, Data, Matches, Stored


class Ignoring(MemoryStorage):
    """Takes some conditions, and writes all the same."""

    def __init__(self, *ignored: type) -> None:
        super().__init__()
        self._ignored = ignored

    def put(self, name: str, data: Data, *, condition: Condition = ALWAYS) -> None:
        return super().put(name, data, condition=ALWAYS if isinstance(condition, self._ignored) else condition)


class Refusing(MemoryStorage):
    """As a server that knows no matches: every one is a conflict."""

    def put(self, name: str, data: Data, *, condition: Condition = ALWAYS) -> None:
        return super().put(name, data, condition=ABSENT if isinstance(condition, Matches) else condition)


class ReadOnly(MemoryStorage):
    def put(self, name: str, data: Data, *, condition: Condition = ALWAYS) -> None:
        raise AccessDeniedError("no")


class Damaging(MemoryStorage):
    def get(self, name: str, *, limit: int = 1000) -> Stored:
        return Stored(b"other", super().get(name, limit=limit).tag)


class Doubtful(MemoryStorage):
    def put(self, name: str, data: Data, *, condition: Condition = ALWAYS) -> None:
        if condition is not ALWAYS:
            raise UnknownOutcomeError("?")
        return super().put(name, data)


@pytest.mark.parametrize(
    "storage", [Ignoring(Absent), Ignoring(Matches), Ignoring(Absent, Matches), Refusing()], ids=lambda s: str(vars(s))
)
def test_a_store_that_does_not_keep_conditions_is_found_out(storage: MemoryStorage) -> None:
    assert probe(storage) == Capabilities(conditional=False)
    assert list(storage.iter_names()) == []


def test_a_store_that_keeps_them_is_believed() -> None:
    assert probe(MemoryStorage()) == Capabilities()


def test_a_store_that_may_only_be_read_says_so() -> None:
    assert probe(ReadOnly()) == Capabilities(writable=False, conditional=False)


def test_a_store_that_gives_other_bytes_is_refused() -> None:
    storage = Damaging()
    with pytest.raises(StorageError, match="other bytes"):
        probe(storage)
    assert list(storage.iter_names()) == []


def test_what_fails_while_probing_is_no_answer() -> None:
    storage = Doubtful()
    with pytest.raises(UnknownOutcomeError):
        probe(storage)
    assert list(storage.iter_names()) == []
