"""The remotes in config.toml: read, added, removed; what people wrote stays, and secrets never come in."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from support.apart import root_of
from support.remotes import cells_of, publish
from support.repositories import assert_sound, file_at, put

from dvcore.errors import ExistsError, InvalidInputError, NotFoundError, StateError, StorageError
from dvcore.ids import BlobId
from dvcore.remote.exchange.refs import list_tracked, record_fetched
from dvcore.remote.roots.commit import commit_root, read_root
from dvcore.remote.roots.seen import seen_of
from dvcore.remote.settings import (
    Remote,
    add_remote,
    index_folder,
    list_remotes,
    load_remote,
    push_folder,
    remove_remote,
)
from dvcore.remote.storages.local import LocalStorage
from dvcore.remote.storages.urls import parse_address
from dvcore.repo.cells import seen_cell, set_cell
from dvcore.repo.commits import commit_working
from dvcore.repo.layout import Layout
from dvcore.repo.repository import Repository


@pytest.fixture
def repository(tmp_path: Path) -> Iterator[Repository]:
    with Repository.init(tmp_path / "work") as made:
        yield made
        assert_sound(made)


@pytest.fixture
def layout(repository: Repository) -> Layout:
    assert repository.layout is not None
    return repository.layout


def remote(name: str, url: str = "s3://bucket/nuts", **rest: object) -> Remote:
    return Remote(name, parse_address(url), **rest)  # type: ignore[arg-type]


def write(layout: Layout, text: str) -> None:
    layout.config.write_text(text, "utf-8")


def test_what_is_added_is_listed_by_name(repository: Repository, layout: Layout) -> None:
    given = [
        remote("b", "/somewhere/nuts", is_lazy=True),
        remote("a", options={"region": "eu-central-1", "anonymous": "true"}, is_unsafe=True),
        remote("c.d", "az://container/x", options={"account": "acc", "endpoint": "http://localhost:1"}),
    ]
    assert list_remotes(layout) == []
    for one in given:
        add_remote(repository, one)
    assert list_remotes(layout) == [given[1], given[0], given[2]]
    with pytest.raises(ExistsError, match="'a' already"):
        add_remote(repository, remote("a"))
    for name in ("", "a/b", "..", "-x", "a b", "HEAD", "ä"):
        with pytest.raises(InvalidInputError):
            add_remote(repository, remote(name))
    with pytest.raises(InvalidInputError, match="no option 'account'"):
        add_remote(repository, remote("e", options={"account": "x"}))
    assert len(list_remotes(layout)) == 3


def test_what_people_wrote_stays(repository: Repository, layout: Layout) -> None:
    written = """# our settings
[identity]
author = "Ada <ada@example.org>"   # that is me

[remotes.nas] # in the cellar
url = "/mnt/nas/nuts"

[storage]
allow-network-fs = true
"""
    write(layout, written)
    add_remote(repository, remote("origin", options={"region": "x"}))
    text = layout.config.read_text("utf-8")
    assert [line for line in text.splitlines() if line in written.splitlines()] == written.splitlines()
    assert [one.name for one in list_remotes(layout)] == ["nas", "origin"]
    remove_remote(repository, "origin")
    assert layout.config.read_text("utf-8").split() == written.split()
    remove_remote(repository, "nas")
    assert "remotes" not in layout.config.read_text("utf-8")
    assert "# that is me" in layout.config.read_text("utf-8")


def test_a_file_in_other_forms(repository: Repository, layout: Layout) -> None:
    """Inline tables, dotted keys, no file at all."""
    for text in ('remotes = {a = {url = "/x"}}\n', 'remotes.a.url = "/x"\n', '[remotes]\na = {url = "/x"}\n'):
        write(layout, text)
        add_remote(repository, remote("b", "/y"))
        assert [(one.name, one.address.text) for one in list_remotes(layout)] == [("a", "/x"), ("b", "/y")]
        remove_remote(repository, "a")
        assert [one.name for one in list_remotes(layout)] == ["b"]
    layout.config.unlink()
    assert list_remotes(layout) == []
    add_remote(repository, remote("c"))
    assert load_remote(layout) == remote("c")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("remotes = 1", "remotes is no table"),
        ("remotes.a = 1", "remotes.a is no table"),
        ("[remotes.a]", "remotes.a has no url"),
        ("[remotes.a]\nurl = 1", "remotes.a.url is no text"),
        ('[remotes.a]\nurl = "/x"\nlazy = "yes"', "remotes.a.lazy is neither true nor false"),
        ('[remotes.a]\nurl = "/x"\nlazy = 1', "remotes.a.lazy is neither true nor false"),
        ('[remotes.a]\nurl = "/x"\nsecret = "pa55"', "remotes.a.secret is unknown"),
        ('[remotes.a]\nurl = "s3://me:pa55@bucket/x"', "remotes.a: .*secret"),
        ('[remotes.a]\nurl = "s3://b/x?token=pa55"', "remotes.a: .*secret"),
        ('[remotes.a]\nurl = "s3://bucket/x"\nendpoint = "https://k:pa55@h"', "remotes.a: .*secret"),
        ('[remotes.a]\nurl = "/x"\nregion = "pa55"', "remotes.a: .* has no option 'region'"),
        ('[remotes."a/b"]\nurl = "/x"', "config.toml: 'a/b' cannot be the name of a remote"),
        ('[remotes.HEAD]\nurl = "/x"', "config.toml: 'HEAD' cannot be the name of a remote"),
        ('[[remotes.a]]\nurl = "/x"', "remotes.a is no table"),
        ('[remotes.a]\nurl = "/x"\nregion.b = "pa55"', "remotes.a.region is no text"),
        ("[remotes", "config.toml"),
    ],
)
def test_what_cannot_be_read_is_named(repository: Repository, layout: Layout, text: str, expected: str) -> None:
    write(layout, text)
    for action in (lambda: list_remotes(layout), lambda: add_remote(repository, remote("new"))):
        with pytest.raises(InvalidInputError, match=expected) as caught:
            action()
        assert "pa55" not in str(caught.value) + str(caught.value.hint)
        assert "remote add" not in str(caught.value.hint), "it reads the file, too"
    assert layout.config.read_text("utf-8") == text
    write(layout, "")


def test_lines_end_as_they_did(repository: Repository, layout: Layout) -> None:
    layout.config.write_bytes(b'# ours\r\n[remotes.a]\r\nurl = "/x"\r\n')
    add_remote(repository, remote("b"))
    assert layout.config.read_bytes().startswith(b'# ours\r\n[remotes.a]\r\nurl = "/x"\r\n')
    assert [one.name for one in list_remotes(layout)] == ["a", "b"]


def test_what_cannot_be_changed_stays_as_it_is(repository: Repository, layout: Layout) -> None:
    """tomlkit puts the new table into the midst of such keys, and all that follows would belong to it."""
    text = 'remotes.a.url = "/x"\nremotes.a.lazy = true\n[identity]\nauthor = "Ada <ada@example.org>"\n'
    write(layout, text)
    with pytest.raises(InvalidInputError, match=r"config\.toml.*cannot be changed") as caught:
        add_remote(repository, remote("b"))
    assert "[remotes.NAME]" in str(caught.value.hint)
    assert layout.config.read_text("utf-8") == text


def test_one_that_somebody_took_out_by_hand_can_be_forgotten(repository: Repository, layout: Layout) -> None:
    put(repository, "a.jpg")
    commit_working(repository, "first")
    before = cells_of(repository)
    add_remote(repository, remote("origin"))
    record_fetched(repository, "origin", root_of(repository))
    index_folder(layout, "origin").mkdir(parents=True)
    write(layout, "")
    assert remove_remote(repository, "origin") is None
    assert cells_of(repository) == before
    assert not index_folder(layout, "origin").exists()
    with pytest.raises(NotFoundError):
        remove_remote(repository, "origin")


def test_bytes_that_are_no_text(repository: Repository, layout: Layout) -> None:
    layout.config.write_bytes(b"\xff")
    with pytest.raises(InvalidInputError, match="no text in UTF-8"):
        list_remotes(layout)
    write(layout, "")


def test_a_folder_is_seen_from_the_one_of_the_repository(layout: Layout, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir("/")
    write(layout, '[remotes.a]\nurl = "../shared"')
    assert load_remote(layout).address.text == str(layout.root.parent / "shared")


def test_which_remote_is_meant(repository: Repository, layout: Layout) -> None:
    with pytest.raises(StateError, match="no remote"):
        load_remote(layout)
    add_remote(repository, remote("nas"))
    assert load_remote(layout).name == "nas"
    add_remote(repository, remote("other"))
    with pytest.raises(StateError, match="none is called origin"):
        load_remote(layout)
    add_remote(repository, remote("origin"))
    assert load_remote(layout).name == "origin"
    with pytest.raises(NotFoundError) as caught:
        load_remote(layout, "orgin")
    assert caught.value.hint == "did you mean 'origin'?"


def test_it_is_opened_with_its_options(tmp_path: Path) -> None:
    given = remote("a", str(tmp_path / "there"))
    with pytest.raises(StorageError):
        given.open()
    storage = given.open(create=True)
    storage.put("x", b"1")
    assert given.open().get("x").data == b"1"


def test_a_removed_remote_is_forgotten(repository: Repository, layout: Layout) -> None:
    put(repository, "a.jpg")
    commit_working(repository, "first")
    for name in ("origin", "origin2"):
        add_remote(repository, remote(name))
    before = cells_of(repository)
    for name in ("origin", "origin2"):
        record_fetched(repository, name, root_of(repository))
        for folder in (index_folder(layout, name), push_folder(layout, name)):
            folder.mkdir(parents=True)
            (folder / "file").touch()
    assert remove_remote(repository, "origin") == remote("origin")
    assert list_tracked(repository, "origin") == {}
    assert not index_folder(layout, "origin").exists()
    assert not push_folder(layout, "origin").exists()
    assert list_tracked(repository, "origin2")
    assert index_folder(layout, "origin2").is_dir()
    remove_remote(repository, "origin2")
    assert cells_of(repository) == before
    with pytest.raises(NotFoundError):
        remove_remote(repository, "origin")


def test_a_remote_that_alone_has_images_stays(repository: Repository, layout: Layout, tmp_path: Path) -> None:
    """Of two that have them one can go, as long as the other can be asked."""
    put(repository, "a.jpg")
    commit_working(repository, "first")
    reader = repository.working_tree()
    blob = BlobId(reader.record(file_at(repository, "a.jpg")).blob)
    for name in ("one", "two", "empty", "gone"):
        add_remote(repository, remote(name, str(tmp_path / name)))
    for name in ("one", "two"):
        publish(repository, LocalStorage(tmp_path / name, create=True))
    LocalStorage(tmp_path / "empty", create=True)
    with repository.uncollected(), repository.alone(10):
        repository.blobs.evict([blob])
    remove_remote(repository, "two")
    with pytest.raises(StateError, match="1 image is not here, and on no other remote"):
        remove_remote(repository, "one")
    assert "one" in [one.name for one in list_remotes(layout)]
    for name in ("empty", "gone"):
        remove_remote(repository, name)
    remove_remote(repository, "one", force=True)
    assert list_remotes(layout) == []


def test_what_another_remote_only_has_left_over_does_not_count(repository: Repository, tmp_path: Path) -> None:
    """Its next collection removes it."""
    put(repository, "a.jpg")
    commit_working(repository, "first")
    blob = BlobId(repository.working_tree().record(file_at(repository, "a.jpg")).blob)
    for name in ("one", "two"):
        add_remote(repository, remote(name, str(tmp_path / name)))
        publish(repository, LocalStorage(tmp_path / name, create=True))
    commit_root(LocalStorage(tmp_path / "two"), lambda root: replace(root, refs={}))
    with repository.uncollected(), repository.alone(10):
        repository.blobs.evict([blob])
    with pytest.raises(StateError, match="on no other remote"):
        remove_remote(repository, "one")
    remove_remote(repository, "two")


def test_a_remote_that_went_back_in_time_is_not_relied_on(repository: Repository, tmp_path: Path) -> None:
    """What it had may not be there any more."""
    put(repository, "a.jpg")
    commit_working(repository, "first")
    blob = BlobId(repository.working_tree().record(file_at(repository, "a.jpg")).blob)
    for name in ("one", "two"):
        add_remote(repository, remote(name, str(tmp_path / name)))
        publish(repository, LocalStorage(tmp_path / name, create=True))
    root = read_root(LocalStorage(tmp_path / "two"))
    assert root is not None
    later = seen_of(replace(root, serial=root.serial + 1))
    repository.store.update(lambda transaction: set_cell(transaction, seen_cell("two"), later.pack()))
    with repository.uncollected(), repository.alone(10):
        repository.blobs.evict([blob])
    with pytest.raises(StateError, match="on no other remote"):
        remove_remote(repository, "one")
    remove_remote(repository, "one", force=True)


def test_remotes_that_are_added_at_once_are_all_there(repository: Repository, layout: Layout) -> None:
    names = [f"r{number}" for number in range(4)]

    def add(name: str) -> None:
        with Repository.open(layout.root) as opened:
            for number in range(5):
                add_remote(opened, remote(f"{name}-{number}"))
                remove_remote(opened, f"{name}-{number}")
            add_remote(opened, remote(name))

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(add, names))
    assert [one.name for one in list_remotes(layout)] == names


def test_in_memory_there_are_none() -> None:
    with Repository.in_memory() as made, pytest.raises(StateError, match="memory"):
        add_remote(made, remote("a"))
