"""What every store must do: a test class that the tests of each implementation inherit."""

from collections.abc import Callable, Iterator
from threading import Event

import pytest

from dvcore.errors import InvalidInputError, StateError
from dvcore.store import ReadTransaction, Store, Table, WriteTransaction
from support.bounded import finish, start

CELLS = Table.CELLS


def put(store: Store, key: bytes, value: bytes) -> None:
    store.update(lambda transaction: transaction.put(CELLS, key, value))


def get(store: Store, key: bytes) -> bytes | None:
    with store.read() as transaction:
        return transaction.get(CELLS, key)


def increment(transaction: WriteTransaction) -> int:
    value = int(transaction.get(CELLS, b"counter") or b"0") + 1
    transaction.put(CELLS, b"counter", b"%d" % value)
    return value


class StoreContract:
    """Inherit it and give a fixture `store`, an empty store with all tables."""

    @pytest.fixture
    def store(self) -> Iterator[Store]:
        raise NotImplementedError

    def test_what_was_put_is_there(self, store: Store) -> None:
        put(store, b"a", b"1")
        put(store, b"a", b"2")
        put(store, b"empty", b"")
        with store.read() as transaction:
            assert transaction.get(CELLS, b"a") == b"2"
            assert type(transaction.get(CELLS, b"a")) is bytes
            assert transaction.get(CELLS, b"empty") == b""
            assert transaction.get(CELLS, b"b") is None
            assert [transaction.contains(CELLS, key) for key in (b"a", b"empty", b"b")] == [True, True, False]
            assert [transaction.size(CELLS, key) for key in (b"a", b"empty", b"b")] == [1, 0, None]

    def test_tables_are_apart(self, store: Store) -> None:
        store.update(lambda transaction: [transaction.put(table, b"k", table.value) for table in Table])
        with store.read() as transaction:
            assert {table: transaction.get(table, b"k") for table in Table} == {table: table.value for table in Table}

    def test_update_returns_what_the_action_returns(self, store: Store) -> None:
        assert [store.update(increment) for _ in range(3)] == [1, 2, 3]

    def test_delete_says_whether_it_was_there(self, store: Store) -> None:
        put(store, b"a", b"1")
        assert store.update(lambda transaction: [transaction.delete(CELLS, b"a") for _ in range(2)]) == [True, False]
        assert get(store, b"a") is None

    def test_put_many_keeps_what_is_present(self, store: Store) -> None:
        put(store, b"b", b"old")
        items = [(b"c", b"3"), (b"b", b"new"), (b"a", b"1")]
        store.update(lambda transaction: transaction.put_many(CELLS, items))
        with store.read() as transaction:
            assert list(transaction.iter_items(CELLS)) == [(b"a", b"1"), (b"b", b"old"), (b"c", b"3")]

    def test_put_many_takes_the_first_of_equal_keys(self, store: Store) -> None:
        store.update(lambda transaction: transaction.put_many(CELLS, iter([(b"a", b"1"), (b"a", b"2")])))
        assert get(store, b"a") == b"1"

    def test_values_outlive_their_transaction(self, store: Store) -> None:
        large = bytes(range(256)) * 4096
        put(store, b"a", large)
        with store.read() as transaction:
            value = transaction.get(CELLS, b"a")
            (_, scanned) = next(transaction.iter_items(CELLS))
        put(store, b"a", b"x" * len(large))
        put(store, b"b", b"y" * len(large))
        assert value == scanned == large

    def test_a_failed_action_leaves_nothing(self, store: Store) -> None:
        put(store, b"a", b"1")

        def action(transaction: WriteTransaction) -> None:
            transaction.put(CELLS, b"a", b"2")
            transaction.put_many(Table.OBJECTS, [(b"k", b"v")])
            transaction.delete(CELLS, b"a")
            raise RuntimeError("on purpose")

        with pytest.raises(RuntimeError, match="on purpose"):
            store.update(action)
        assert get(store, b"a") == b"1"
        with store.read() as transaction:
            assert not transaction.contains(Table.OBJECTS, b"k")

    def test_an_action_sees_its_own_changes(self, store: Store) -> None:
        def action(transaction: WriteTransaction) -> list[tuple[bytes, bytes]]:
            transaction.put(CELLS, b"a", b"1")
            transaction.put(CELLS, b"b", b"2")
            transaction.delete(CELLS, b"a")
            return list(transaction.iter_items(CELLS))

        assert store.update(action) == [(b"b", b"2")]

    def test_a_reader_keeps_its_state(self, store: Store) -> None:
        store.update(lambda transaction: transaction.put_many(CELLS, [(b"%04d" % i, b"old") for i in range(3000)]))
        with store.read() as transaction:
            items = transaction.iter_items(CELLS)
            seen = [next(items)]
            finish(*start(lambda: store.update(rewrite)))
            seen += items
            assert transaction.get(CELLS, b"0000") == b"old"
        assert seen == [(b"%04d" % i, b"old") for i in range(3000)]
        assert get(store, b"0000") == b"new"

    @pytest.mark.parametrize("reverse", [False, True])
    @pytest.mark.parametrize("prefix", [b"", b"a", b"a\xff", b"\xff", b"\xff\xff", b"none"])
    def test_items_come_in_the_order_of_keys(self, store: Store, prefix: bytes, reverse: bool) -> None:
        keys = [b"a", b"a\x00", b"a\xfe", b"a\xff", b"a\xff\xff", b"b", b"\xfe", b"\xff", b"\xff\x01", b"\xff\xff\xff"]
        items = {key: b"value of " + key for key in keys}
        store.update(lambda transaction: transaction.put_many(CELLS, items.items()))
        with store.read() as transaction:
            found = list(transaction.iter_items(CELLS, prefix, reverse=reverse))
        assert found == sorted(((key, items[key]) for key in keys if key.startswith(prefix)), reverse=reverse)

    @pytest.mark.parametrize("reverse", [False, True])
    def test_many_items_come_once_each(self, store: Store, reverse: bool) -> None:
        items = [(b"k%05d" % i, bytes(i % 700)) for i in range(5000)]
        store.update(lambda transaction: transaction.put_many(CELLS, [*items, (b"j", b""), (b"l", b"")]))
        with store.read() as transaction:
            assert list(transaction.iter_items(CELLS, b"k", reverse=reverse)) == sorted(items, reverse=reverse)

    @pytest.mark.parametrize("reverse", [False, True])
    def test_items_may_be_deleted_on_the_way(self, store: Store, reverse: bool) -> None:
        store.update(lambda transaction: transaction.put_many(CELLS, [(b"%04d" % i, b"") for i in range(3000)]))

        def delete_even(transaction: WriteTransaction) -> int:
            seen = 0
            for key, _ in transaction.iter_items(CELLS, reverse=reverse):
                seen += 1
                if int(key) % 2 == 0:
                    transaction.delete(CELLS, key)
            return seen

        assert store.update(delete_even) == 3000
        with store.read() as transaction:
            assert [int(key) for key, _ in transaction.iter_items(CELLS)] == list(range(1, 3000, 2))

    def test_sizes_come_in_the_order_of_keys_from_any_place(self, store: Store) -> None:
        items = [(b"k%05d" % i, bytes(i * 3 % 7000)) for i in range(3000)]
        store.update(lambda transaction: transaction.put_many(CELLS, items))
        store.update(lambda transaction: transaction.put_many(Table.OBJECTS, [(b"k", b"o")]))
        store.update(lambda transaction: transaction.put_many(Table.BLOBS, [(b"k", b"b")]))
        sizes = [(key, len(value)) for key, value in items]
        with store.read() as transaction:
            assert list(transaction.iter_sizes(CELLS)) == sizes
            for after, first in ((b"k00000", 1), (b"k01023", 1024), (b"k0102", 1020), (b"j", 0), (b"k02999", 3000)):
                assert list(transaction.iter_sizes(CELLS, after=after)) == sizes[first:]
            assert list(transaction.iter_sizes(CELLS, after=b"l")) == []

    def test_strays_are_the_keys_of_all_other_tables(self, store: Store) -> None:
        for table in (CELLS, Table.BLOBS, Table.CHUNKS, Table.OBJECTS):
            keys = [(b"%d" % number, b"") for number in range(30)]
            store.update(lambda transaction, table=table, keys=keys: transaction.put_many(table, keys))
        with store.read() as transaction:
            assert list(transaction.iter_strays([CELLS, Table.BLOBS, Table.CHUNKS, Table.OBJECTS])) == []
            found = list(transaction.iter_strays([CELLS, Table.CHUNKS]))
            assert found == sorted(prefix + b"%d" % number for prefix in (b"b", b"o") for number in range(30))
            assert len(list(transaction.iter_strays([]))) == 120

    def test_sizes_in_a_transaction_are_those_that_it_made(self, store: Store) -> None:
        store.update(lambda transaction: transaction.put_many(CELLS, [(b"a", b"1"), (b"b", b"2")]))

        def action(transaction: WriteTransaction) -> list[tuple[bytes, int]]:
            transaction.delete(CELLS, b"a")
            transaction.put(CELLS, b"c", b"345")
            return list(transaction.iter_sizes(CELLS))

        assert store.update(action) == [(b"b", 1), (b"c", 3)]

    def test_an_unfinished_scan_hinders_nobody(self, store: Store) -> None:
        store.update(lambda transaction: transaction.put_many(CELLS, [(b"%04d" % i, b"") for i in range(3000)]))
        kept = []

        def action(transaction: WriteTransaction) -> None:
            kept.append(transaction.iter_items(CELLS))
            next(kept[0])
            transaction.put(CELLS, b"more", b"1")

        store.update(action)
        del kept[:]
        assert get(store, b"more") == b"1"

    @pytest.mark.parametrize("length", [0, 511])
    def test_keys_that_do_not_fit_are_refused(self, store: Store, length: int) -> None:
        key = b"k" * length
        uses: list[Callable[[WriteTransaction], object]] = [
            lambda transaction: transaction.get(CELLS, key),
            lambda transaction: transaction.contains(CELLS, key),
            lambda transaction: transaction.size(CELLS, key),
            lambda transaction: transaction.put(CELLS, key, b""),
            lambda transaction: transaction.put_many(CELLS, [(key, b"")]),
            lambda transaction: transaction.delete(CELLS, key),
        ]
        for use in uses:
            with pytest.raises(InvalidInputError):
                store.update(use)

    def test_the_longest_key_fits(self, store: Store) -> None:
        put(store, b"\xff" * 510, b"1")
        put(store, b"\xfe" * 510, b"0")
        for reverse in (False, True):
            with store.read() as transaction:
                assert len(list(transaction.iter_items(CELLS, reverse=reverse))) == 2

    def test_threads_lose_no_update(self, store: Store) -> None:
        finish(*start(*[lambda: [store.update(increment) for _ in range(50)]] * 4))
        assert get(store, b"counter") == b"200"

    def test_a_reader_blocks_no_writer_and_no_writer_a_reader(self, store: Store) -> None:
        put(store, b"a", b"1")
        writing, read = Event(), Event()
        seen: list[bytes | None] = []

        def action(transaction: WriteTransaction) -> None:
            transaction.put(CELLS, b"a", b"2")
            writing.set()
            assert read.wait(30)

        with store.read():
            (writer,) = start(lambda: store.update(action))
            assert writing.wait(30)
            try:
                finish(*start(lambda: seen.append(get(store, b"a"))))
            finally:
                read.set()
            finish(writer)
        assert seen == [b"1"]
        assert get(store, b"a") == b"2"

    def test_reads_may_be_nested(self, store: Store) -> None:
        def action(transaction: WriteTransaction) -> tuple[bytes | None, bytes | None]:
            transaction.put(CELLS, b"a", b"1")
            return transaction.get(CELLS, b"a"), get(store, b"a")

        assert store.update(action) == (b"1", None)
        with store.read() as outer, store.read() as inner:
            assert outer.get(CELLS, b"a") == inner.get(CELLS, b"a") == b"1"

    def test_an_update_inside_a_transaction_is_refused(self, store: Store) -> None:
        with store.read(), pytest.raises(StateError):
            put(store, b"a", b"1")
        with pytest.raises(StateError):
            store.update(lambda _: put(store, b"a", b"1"))
        assert get(store, b"a") is None
        put(store, b"a", b"2")
        assert get(store, b"a") == b"2"

    def test_a_closed_store_is_closed(self, store: Store) -> None:
        store.close()
        store.close()
        with pytest.raises(StateError, match="closed"):
            put(store, b"a", b"1")
        with pytest.raises(StateError, match="closed"), store.read():
            pass


def rewrite(transaction: WriteTransaction) -> None:
    for key, _ in list(transaction.iter_items(CELLS)):
        transaction.put(CELLS, key, b"new")


def items_of(transaction: ReadTransaction, table: Table) -> dict[bytes, bytes]:
    """All items of a table."""
    return dict(transaction.iter_items(table))
