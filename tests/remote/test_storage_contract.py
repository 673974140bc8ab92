"""What every storage promises, held against each kind: in memory, a folder, S3 (moto), Azure (azurite), SFTP's file
system; and what a web server promises, which can only be read."""

import os
import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from urllib.request import Request, urlopen

import pytest
from fsspec.implementations.local import LocalFileSystem
from support.bounded import finish, start
from support.fault_proxy import FaultProxy
from support.servers import SOMEBODY, Server, web_server
from support.storages import QUICK, azure_storage, s3_storage

from dvcore.errors import (
    AccessDeniedError,
    ConflictError,
    CorruptError,
    InvalidInputError,
    NotFoundError,
    StateError,
    StorageError,
)
from dvcore.remote.storages.local import LocalStorage
from dvcore.remote.storages.memory import MemoryStorage
from dvcore.remote.storages.object_store import ObjectStorage, open_http
from dvcore.remote.storages.probing import probe
from dvcore.remote.storages.ranges import iter_pieces
from dvcore.remote.storages.sftp import SftpStorage
from dvcore.remote.storages.storage import ABSENT, Capabilities, Matches, Storage, Tag

KINDS = ("memory", "local", "s3", "azure", "sftp")
NAME = "packs/ab/abcdef-0123.pack"
MEBIBYTE = 1 << 20


@pytest.fixture(params=KINDS)
def storage(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Storage]:
    with ExitStack() as stack:
        yield _open(request, tmp_path, monkeypatch, stack)


def _open(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stack: ExitStack) -> Storage:
    match request.param:
        case "memory":
            return MemoryStorage()
        case "local":
            return LocalStorage(tmp_path / "remote", create=True)
        case "sftp":
            # The protocol is paramiko's; what is ours, over a file system of the same kind.
            return SftpStorage(LocalFileSystem(), str(tmp_path / "remote"), "ssh://host/remote", create=True)
        case "s3":
            proxy = stack.enter_context(FaultProxy(request.getfixturevalue("moto").address))
            return s3_storage(proxy.url, monkeypatch.setenv)
        case _:
            return azure_storage(request.getfixturevalue("azurite").url, monkeypatch.setenv)


def names(storage: Storage, prefix: str = "") -> list[str]:
    return [one.name for one in storage.iter_names(prefix)]


@pytest.mark.parametrize("data", [b"", b"x", b"some bytes", os.urandom(3 * MEBIBYTE)], ids=len)
def test_what_was_put_is_got(storage: Storage, data: bytes) -> None:
    storage.put(NAME, data)
    assert storage.get(NAME).data == data
    assert storage.get(NAME) == storage.get(NAME)


@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview])
def test_all_kinds_of_bytes_are_taken(storage: Storage, kind: Callable[[bytes], bytes]) -> None:
    storage.put(NAME, kind(b"bytes"))
    stored = storage.get(NAME).data
    assert isinstance(stored, bytes)
    assert stored == b"bytes"


def test_what_is_put_later_may_change_the_callers_buffer(storage: Storage) -> None:
    buffer = bytearray(b"before")
    storage.put(NAME, buffer)
    buffer[:] = b"after!"
    assert storage.get(NAME).data == b"before"


def test_a_put_replaces_and_gives_another_tag(storage: Storage) -> None:
    storage.put(NAME, b"first")
    first = storage.get(NAME)
    storage.put(NAME, b"second")
    second = storage.get(NAME)
    assert first.tag != second.tag
    assert second.data == b"second"


@pytest.mark.parametrize("size", [0, 1, 5 * MEBIBYTE, 17 * MEBIBYTE + 3])
def test_a_file_is_put_whole(storage: Storage, tmp_path: Path, size: int) -> None:
    path = tmp_path / "shard"
    path.write_bytes(os.urandom(size))
    storage.put(NAME, b"before")
    storage.put_file(NAME, path)
    assert storage.get(NAME).data == path.read_bytes()
    assert b"".join(iter_pieces(storage, NAME, size)) == path.read_bytes()
    assert names(storage) == [NAME]


def test_a_file_that_cannot_be_read_leaves_the_object(storage: Storage, tmp_path: Path) -> None:
    storage.put(NAME, b"before")
    for path in (tmp_path / "absent", tmp_path):
        with pytest.raises(StorageError, match=re.escape(str(path))):
            storage.put_file(NAME, path)
    with pytest.raises(InvalidInputError):
        storage.put_file("../a", tmp_path / "absent")
    assert storage.get(NAME).data == b"before"
    assert names(storage) == [NAME]


def test_pieces_beyond_the_end_are_a_fault_of_the_data(storage: Storage) -> None:
    storage.put(NAME, bytes(9 * MEBIBYTE))
    with pytest.raises(CorruptError, match=r"abcdef-0123\.pack"):
        list(iter_pieces(storage, NAME, 20 * MEBIBYTE))


@pytest.mark.parametrize(("start_at", "length"), [(0, 1), (0, 10), (3, 4), (9, 1), (5, 0), (99, 0)])
def test_a_range_is_exact(storage: Storage, start_at: int, length: int) -> None:
    storage.put(NAME, b"0123456789")
    assert storage.get_range(NAME, start_at, length) == b"0123456789"[start_at : start_at + length]


@pytest.mark.parametrize(("start_at", "length"), [(0, 11), (9, 2), (10, 1), (500, 5), (3, 1 << 40)])
def test_a_range_outside_is_a_fault_of_the_data(storage: Storage, start_at: int, length: int) -> None:
    storage.put(NAME, b"0123456789")
    with pytest.raises(CorruptError, match=r"abcdef-0123\.pack"):
        storage.get_range(NAME, start_at, length)


@pytest.mark.parametrize(("start_at", "length"), [(-1, 2), (0, -1)])
def test_a_range_that_cannot_be_is_refused(storage: Storage, start_at: int, length: int) -> None:
    with pytest.raises(InvalidInputError):
        storage.get_range(NAME, start_at, length)


def test_an_object_larger_than_wanted_is_refused(storage: Storage) -> None:
    storage.put(NAME, bytes(1000))
    assert len(storage.get(NAME, limit=1000).data) == 1000
    with pytest.raises(CorruptError, match="1,000 bytes"):
        storage.get(NAME, limit=999)


def test_what_is_not_there_is_named(storage: Storage) -> None:
    storage.put(NAME, b"x")
    for absent in ("other", "packs", "packs/ab", f"{NAME}/deeper"):
        with pytest.raises(NotFoundError) as caught:
            storage.get(absent)
        assert absent in caught.value.message
        assert storage.describe() in caught.value.message
        with pytest.raises(NotFoundError):
            storage.get_range(absent, 0, 1)


def test_what_was_removed_is_not_there(storage: Storage) -> None:
    storage.put(NAME, b"x")
    storage.remove(NAME)
    storage.remove(NAME)
    with pytest.raises(NotFoundError):
        storage.get(NAME)
    assert names(storage) == []


def test_a_list_holds_what_is_under_a_folder(storage: Storage) -> None:
    everything = ["index/1", "packs/00/a", "packs/00/b", "packs/01/a", "packs-not/a", "root"]
    for name in everything:
        storage.put(name, name.encode())
    assert sorted(names(storage)) == sorted(everything)
    assert names(storage, "packs") == names(storage, "packs/") == ["packs/00/a", "packs/00/b", "packs/01/a"]
    assert names(storage, "packs/00") == ["packs/00/a", "packs/00/b"]
    assert names(storage, "root") == names(storage, "nothing") == []


def test_nothing_is_told_from_something(storage: Storage) -> None:
    assert storage.is_empty()
    storage.put("one", b"")
    assert not storage.is_empty()
    storage.remove("one")
    assert storage.is_empty()


@pytest.mark.parametrize("name", ["IMG 001.jpg", "größe.jpg", ".hidden"])
def test_what_others_call_as_we_do_not_is_something(storage: Storage, tmp_path: Path, name: str) -> None:
    match storage:
        case MemoryStorage():
            pytest.skip("nobody else writes into it")
        case ObjectStorage():
            storage._writing.put(name, b"", use_multipart=False)
        case _:
            (tmp_path / "remote" / name).write_bytes(b"")
    assert list(storage.iter_names()) == []
    assert not storage.is_empty()


def test_a_folder_that_a_console_made_in_a_bucket_is_nothing(moto: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """An object of no length, whose name is the prefix and a slash."""
    storage = s3_storage(f"http://127.0.0.1:{moto.port}", monkeypatch.setenv)
    key = storage.describe().split()[0].removeprefix("s3://")
    signed = {"Authorization": SOMEBODY}
    place = f"http://127.0.0.1:{moto.port}/{key}/"
    with urlopen(Request(place, data=b"", method="PUT", headers=signed), timeout=20) as answer:
        assert answer.status == 200
    assert storage.is_empty()
    storage.put("one", b"")
    assert not storage.is_empty()


def test_a_list_tells_sizes_and_times(storage: Storage) -> None:
    before = datetime.now(UTC) - timedelta(seconds=2)
    storage.put(NAME, bytes(1234))
    (listed,) = storage.iter_names()
    assert (listed.name, listed.size) == (NAME, 1234)
    assert before <= listed.time <= datetime.now(UTC) + timedelta(seconds=2)


def test_a_list_of_several_pages_is_whole(storage: Storage) -> None:
    pages = isinstance(storage, ObjectStorage)  # of 1,000 names
    wanted = [f"many/{number:04}" for number in range(1100 if pages else 30)]
    for name in wanted:
        storage.put(name, b"")
    assert names(storage, "many") == wanted


@pytest.mark.parametrize(
    "name",
    [
        *("", "/", "a/", "/a", "a//b", "..", "../a", "a/../b", "a/..", ".a", "a/.b", "%2e%2e/a", "a\\..\\b"),
        *("a b", "ä", "a\n", "a\0", "a?b", "a#b", "~a", "a" * 201, "a/" * 400 + "a"),
    ],
)
def test_no_name_leaves_the_store(storage: Storage, name: str) -> None:
    actions = (
        partial(storage.get, name),
        partial(storage.get_range, name, 0, 1),
        partial(storage.get_range, name, 0, 0),
        partial(storage.put, name, b"x"),
        partial(storage.remove, name),
    )
    for action in actions:
        with pytest.raises(InvalidInputError):
            action()
    if name not in {"", "/", "a/"}:
        with pytest.raises(InvalidInputError):
            list(storage.iter_names(name))


def test_the_first_is_put_once(storage: Storage) -> None:
    storage.put("root", b"first", condition=ABSENT)
    first = storage.get("root")
    with pytest.raises(ConflictError):
        storage.put("root", b"second", condition=ABSENT)
    assert storage.get("root") == first
    assert first.data == b"first"


def test_a_state_is_replaced_only_where_it_is_the_one_read(storage: Storage) -> None:
    storage.put("root", b"first")
    first = storage.get("root").tag
    storage.put("root", b"second", condition=Matches(first))
    second = storage.get("root").tag
    for stale in (first, Tag("nonsense")):
        with pytest.raises(ConflictError):
            storage.put("root", b"third", condition=Matches(stale))
    assert storage.get("root").data == b"second"
    storage.put("root", b"third", condition=Matches(second))
    assert storage.get("root").data == b"third"


def test_nothing_matches_what_is_gone(storage: Storage) -> None:
    storage.put("root", b"first")
    tag = storage.get("root").tag
    storage.remove("root")
    with pytest.raises(ConflictError):
        storage.put("root", b"second", condition=Matches(tag))
    assert names(storage) == []
    storage.put("root", b"second", condition=ABSENT)


def test_of_many_firsts_one_wins(storage: Storage) -> None:
    _skip_without_conditions(storage)
    won: list[int] = []

    def put(number: int) -> None:
        try:
            storage.put("root", str(number).encode(), condition=ABSENT)
        except ConflictError:
            return
        won.append(number)

    finish(*start(*(partial(put, number) for number in range(8))))
    assert [str(number).encode() for number in won] == [storage.get("root").data]


def test_no_count_of_many_is_lost(storage: Storage) -> None:
    _skip_without_conditions(storage)
    storage.put("root", b"0")

    def count() -> None:
        for _ in range(5):
            while True:
                stored = storage.get("root")
                try:
                    storage.put("root", str(int(stored.data) + 1).encode(), condition=Matches(stored.tag))
                    break
                except ConflictError:
                    continue

    finish(*start(*[count] * 4))
    assert storage.get("root").data == b"20"


def test_nobody_reads_half_an_object(storage: Storage) -> None:
    whole = [bytes([sign]) * (MEBIBYTE // 2) for sign in (1, 2)]
    storage.put(NAME, whole[0])
    seen: list[bool] = []

    def write() -> None:
        for number in range(10):
            storage.put(NAME, whole[number % 2])

    def read() -> None:
        seen.extend(storage.get(NAME).data in whole for _ in range(20))

    finish(*start(write, read, read))
    assert seen == [True] * 40


def test_probing_finds_what_is_claimed_and_leaves_nothing(storage: Storage) -> None:
    assert probe(storage) == storage.capabilities
    assert names(storage) == []


def _skip_without_conditions(storage: Storage) -> None:
    if not storage.capabilities.conditional:
        pytest.skip("promises no conditions")


@pytest.fixture
def web(tmp_path: Path) -> Iterator[Storage]:
    """What a folder remote looks like through a web server."""
    folder = LocalStorage(tmp_path / "remote", create=True)
    folder.put(NAME, b"0123456789")
    with web_server(tmp_path) as server:
        yield open_http(f"{server.url}/remote", patience=QUICK)


def test_a_web_server_is_read(web: Storage) -> None:
    assert web.get(NAME).data == b"0123456789"
    assert web.get_range(NAME, 3, 4) == b"3456"
    with pytest.raises(CorruptError):
        web.get_range(NAME, 8, 3)
    with pytest.raises(CorruptError):
        web.get_range(NAME, 10, 3)
    with pytest.raises(CorruptError):
        web.get(NAME, limit=9)
    with pytest.raises(NotFoundError):
        web.get("root")


def test_a_web_server_is_not_written(web: Storage) -> None:
    for condition in (ABSENT, Matches(Tag("x"))):
        with pytest.raises(AccessDeniedError, match="can only be read"):
            web.put("root", b"x", condition=condition)
    with pytest.raises(AccessDeniedError):
        web.put("root", b"x")
    with pytest.raises(AccessDeniedError):
        web.put_file("root", Path(__file__))
    with pytest.raises(AccessDeniedError):
        web.remove(NAME)
    with pytest.raises(StateError, match="lists nothing"):
        list(web.iter_names())
    assert probe(web) == Capabilities(writable=False, conditional=False, lists=False)


def test_a_web_server_that_is_gone_is_a_failure() -> None:
    storage = open_http("http://127.0.0.1:9/remote", patience=QUICK)
    with pytest.raises(StorageError, match="nobody answers"):
        storage.get("root")
    with pytest.raises(StorageError, match="nobody answers"):
        probe(storage)
