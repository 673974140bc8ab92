import pytest

from dvcore.store import MemoryStore, Table, table_scan
from dvcore.store.table_scan import iter_sizes


def filled(count: int) -> MemoryStore:
    store = MemoryStore()
    store.update(lambda transaction: transaction.put(Table.OBJECTS, b"other", b""))
    for number in range(count):
        put(store, number)
    return store


def put(store: MemoryStore, number: int) -> None:
    store.update(lambda transaction: transaction.put(Table.BLOBS, b"%02d" % number, bytes(number)))


@pytest.mark.parametrize("count", [0, 1, 3, 4, 6, 7])
def test_a_table_is_scanned_whole_in_whatever_batches(monkeypatch: pytest.MonkeyPatch, count: int) -> None:
    monkeypatch.setattr(table_scan, "_BATCH", 3)
    expected = [(b"%02d" % number, number) for number in range(count)]
    assert list(iter_sizes(filled(count), Table.BLOBS)) == expected


def test_the_table_may_change_on_the_way(monkeypatch: pytest.MonkeyPatch) -> None:
    """An update inside a transaction of its thread would raise: none is open between the entries."""
    monkeypatch.setattr(table_scan, "_BATCH", 3)
    store = filled(7)
    found = []
    for key, size in iter_sizes(store, Table.BLOBS):
        found.append(size)
        if size == 2:
            store.update(lambda transaction: transaction.delete(Table.BLOBS, b"04"))
            put(store, 9)
        assert key == b"%02d" % size
    assert found == [0, 1, 2, 3, 5, 6, 9]
