import pytest
from support.bounded import finish, start
from support.store_contract import items_of

from dvcore.errors import CorruptError
from dvcore.ids import digest
from dvcore.store import MemoryStore, ObjectDraft, ObjectReader, Table, WriteTransaction


def stored(store: MemoryStore) -> dict[bytes, bytes]:
    with store.read() as transaction:
        return items_of(transaction, Table.OBJECTS)


def test_a_draft_reads_what_is_new_and_what_is_stored() -> None:
    store = MemoryStore()
    store.update(lambda transaction: transaction.put(Table.OBJECTS, digest(b"old"), b"old"))
    draft = ObjectDraft(store)
    new = draft.put(b"new")
    assert new == digest(b"new")
    assert (draft.read(new), draft.read(digest(b"old")), draft.find(digest(b"none"))) == (b"new", b"old", None)
    assert ObjectReader(store).find(new) is None


def test_flushing_writes_all_and_may_be_repeated() -> None:
    store = MemoryStore()
    draft = ObjectDraft(store)
    datas = [b"%d" % number for number in range(100)]
    ids = [draft.put(data) for data in datas]

    def action(transaction: WriteTransaction) -> None:
        draft.flush_into(transaction)
        raise RuntimeError("the store had to grow")

    with pytest.raises(RuntimeError):
        store.update(action)
    assert stored(store) == {}
    store.update(draft.flush_into)
    store.update(draft.flush_into)
    assert stored(store) == dict(zip(ids, datas, strict=True))


def test_a_large_draft_spills_and_stays_readable() -> None:
    store = MemoryStore()
    draft = ObjectDraft(store, spill_bytes=1000)
    ids = [draft.put(b"%0100d" % number) for number in range(25)]
    assert len(stored(store)) == 22  # two spills of eleven
    assert [draft.read(object_id) for object_id in ids] == [b"%0100d" % number for number in range(25)]
    store.update(draft.flush_into)
    assert set(stored(store)) == set(ids)


def test_the_same_object_counts_once() -> None:
    store = MemoryStore()
    draft = ObjectDraft(store, spill_bytes=1000)
    for _ in range(100):
        draft.put(bytes(100))
    assert stored(store) == {}


def test_a_draft_inside_an_update_does_not_spill() -> None:
    store = MemoryStore()

    def action(transaction: WriteTransaction) -> None:
        draft = ObjectDraft(store, spill_bytes=10)
        object_id = draft.put(bytes(100))
        assert draft.read(object_id) == bytes(100)
        draft.flush_into(transaction)

    store.update(action)
    assert stored(store) == {digest(bytes(100)): bytes(100)}


def test_threads_read_while_a_draft_spills() -> None:
    store = MemoryStore()
    draft = ObjectDraft(store, spill_bytes=500)
    ids = [draft.put(b"start")]
    failures: list[Exception] = []
    done = False

    def look() -> None:
        try:
            while not done:
                for object_id in ids:
                    assert digest(draft.read(object_id)) == object_id
        except Exception as error:  # noqa: BLE001
            failures.append(error)

    threads = start(look, look)
    for number in range(500):
        ids.append(draft.put(b"%050d" % number))  # noqa: PERF401  # the readers see each as it comes
    done = True
    finish(*threads)
    assert not failures


def test_a_missing_object_is_named() -> None:
    object_id = digest(b"gone")
    store = MemoryStore()
    for source in (ObjectReader(store), ObjectDraft(store)):
        with pytest.raises(CorruptError, match=rf"object {object_id.hex()} is missing; .*dset fsck"):
            source.read(object_id)
