"""Snapshots and their files after two people took `nuts@3` apart: shown, verified, taken again under their names."""

import json
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from support.apart import BOB, carry, cloned, fetch
from support.datasets import drawn_repository, make_project, put_drawn, put_files, relabel
from support.remotes import refs_of
from support.repositories import assert_sound

import dvcore
from dvcore.errors import StateError
from dvcore.ids import ManifestId, format_id
from dvcore.model.definition import Split
from dvcore.model.manifest import decode_manifest, encode_manifest
from dvcore.remote.exchange import refs
from dvcore.remote.exchange.adopted import Adopted, Renumbered
from dvcore.remote.exchange.fetch import fetch as fetch_from
from dvcore.remote.exchange.push import push
from dvcore.remote.exchange.push_refs import PushRef
from dvcore.remote.exchange.snapshot_files import move_files
from dvcore.remote.storages.memory import MemoryStorage
from dvcore.repo.cells import project_cell, seen_cell, set_cell, snapshot_cell
from dvcore.repo.commits import commit_working
from dvcore.repo.layout import Layout
from dvcore.repo.objects import save_commit
from dvcore.repo.operations import record
from dvcore.repo.projects import find_place
from dvcore.repo.repository import Repository
from dvcore.repo.staging import mended_folder
from dvcore.snapshot.catalog.report import describe_named
from dvcore.snapshot.catalog.sidefiles import side_files_of
from dvcore.snapshot.taking.take import take_snapshot
from dvcore.snapshot.verifying.verify import verify_files, verify_rebuild

SPLITS = (Split("train", "1", None, 4),)
MOVED = Adopted(moved=("nuts",), snapshots=("nuts@3",), renumbered=(Renumbered("nuts", 3, 4),))
SAME = Adopted(moved=("nuts",), snapshots=("nuts@3",))


@pytest.fixture
def ada(tmp_path: Path) -> Iterator[Repository]:
    """A project with two snapshots."""
    with drawn_repository(tmp_path / "ada") as made:
        make_project(made, splits=SPLITS)
        take_snapshot(made, "nuts")
        take_with(made, 100)
        yield made
        assert_sound(made)


@pytest.fixture
def bob(ada: Repository, tmp_path: Path) -> Iterator[Repository]:
    """A clone of it."""
    with cloned(ada, tmp_path / "bob", author=BOB) as made:
        yield made
        assert_sound(made)


def take_with(repository: Repository, number: int, out: Path | None = None) -> str:
    put_drawn(repository, 1, first=number)
    commit_working(repository, f"with {number}")
    return take_snapshot(repository, "nuts", out=out).snapshot


def folders(repository: Repository) -> list[str]:
    layout = repository.layout
    assert isinstance(layout, Layout)
    return sorted(path.name for path in layout.snapshots.iterdir())


def test_a_renumbered_snapshot_is_whole(ada: Repository, bob: Repository) -> None:
    assert (take_with(ada, 200), take_with(bob, 300)) == ("nuts@3", "nuts@3")
    ours = describe_named(bob, "nuts@3")
    shards = {path.name: path.stat().st_ino for path in ours.out.glob("*.tfrecord-*")}
    assert fetch(bob, ada, side_files=side_files_of) == MOVED
    assert folders(bob) == ["nuts@4"]
    now = describe_named(bob, "nuts@4")
    assert (now.digest, now.commit, now.splits) == (ours.digest, ours.commit, ours.splits)
    assert {path.name: path.stat().st_ino for path in now.out.glob("*.tfrecord-*")} == shards, "nothing was made anew"
    assert verify_files(bob, "nuts@4").ok
    assert verify_rebuild(bob, "nuts@4").ok
    assert len(dvcore.load("nuts@4", repository=bob).files("train")) == 4
    assert describe_named(bob, "nuts@3").digest == describe_named(ada, "nuts@3").digest
    assert not verify_files(bob, "nuts@3").ok, "its files are not here"
    assert take_snapshot(bob, "nuts", at="nuts@3").snapshot == "nuts@3"
    assert verify_files(bob, "nuts@3").ok


def test_the_next_snapshot(ada: Repository, bob: Repository) -> None:
    take_with(ada, 200)
    take_with(bob, 300)
    fetch(bob, ada, side_files=side_files_of)
    again = take_snapshot(bob, "nuts")
    assert (again.snapshot, again.is_new, again.made) == ("nuts@4", False, 0)
    assert take_with(bob, 400) == "nuts@5"
    for number in (4, 5):
        assert verify_files(bob, f"nuts@{number}").ok


def test_without_what_makes_side_files_they_are_renewed_by_taking_it(ada: Repository, bob: Repository) -> None:
    take_with(ada, 200)
    take_with(bob, 300)
    fetch(bob, ada)
    assert set(verify_files(bob, "nuts@4").problems) == {"snapshot.json was changed", "dataset_info.json was changed"}
    assert take_snapshot(bob, "nuts", at="nuts@4").made == 0
    assert verify_files(bob, "nuts@4").ok


def test_files_that_were_written_elsewhere(ada: Repository, bob: Repository, tmp_path: Path) -> None:
    take_with(ada, 200)
    take_with(bob, 300, out=tmp_path / "out")
    assert fetch(bob, ada, side_files=side_files_of) == MOVED
    assert find_place(bob, "nuts", 4) == tmp_path / "out"
    assert verify_files(bob, "nuts@4").ok
    assert describe_named(bob, "nuts@4").out == tmp_path / "out"


def test_of_the_same_tree_nothing_is_made(ada: Repository, bob: Repository) -> None:
    """The commits that they were taken of differ, and so does what the small files say."""
    assert (take_with(ada, 200), take_with(bob, 200)) == ("nuts@3", "nuts@3")
    before = describe_named(bob, "nuts@3")
    assert fetch(bob, ada, side_files=side_files_of) == SAME
    assert refs_of(bob)["snapshots/nuts/3"] == refs_of(ada)["snapshots/nuts/3"]
    now = describe_named(bob, "nuts@3")
    assert (now.digest, now.out) == (before.digest, before.out)
    assert now.commit != before.commit
    assert verify_files(bob, "nuts@3").ok
    assert take_snapshot(bob, "nuts").snapshot == "nuts@3"


def test_a_folder_of_somebody_else_is_not_written_into(ada: Repository, bob: Repository, tmp_path: Path) -> None:
    take_with(ada, 200)
    take_with(bob, 300, out=tmp_path / "out")
    (tmp_path / "out" / "snapshot.json").write_text('{"snapshot": "other@3"}')
    (tmp_path / "out" / "dataset_info.json").write_text("mine")
    assert fetch(bob, ada, side_files=side_files_of) == MOVED
    assert (tmp_path / "out" / "dataset_info.json").read_text() == "mine"


@pytest.mark.parametrize("said", ["[]", "no json", '"text"', "\ud800"])
def test_side_files_that_say_nothing(ada: Repository, bob: Repository, tmp_path: Path, said: str) -> None:
    take_with(ada, 200)
    take_with(bob, 300, out=tmp_path / "out")
    (tmp_path / "out" / "snapshot.json").write_bytes(said.encode(errors="surrogatepass"))
    assert fetch(bob, ada, side_files=side_files_of) == MOVED
    assert (tmp_path / "out" / "snapshot.json").read_bytes() == said.encode(errors="surrogatepass")


def take_relabelled(repository: Repository, number: int) -> str:
    """A snapshot in which one walnut is an almond: of other bytes than any other such one, and of the same sizes."""
    relabel(repository, [f"nuts/{number:03d}.png"], "almond")
    return take_snapshot(repository, "nuts").snapshot


def kinds_read(repository: Repository, name: str) -> list[bytes]:
    """What a snapshot's files hold, read as training reads them."""
    return [path.read_bytes() for path in dvcore.load(name, repository=repository).files("train")]


def test_after_a_crash_between_refs_and_folders_no_name_gives_other_bytes(
    ada: Repository, bob: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The folder of ours is still called as theirs is now; its files have the names and the sizes of theirs."""
    assert (take_relabelled(ada, 0), take_relabelled(bob, 2)) == ("nuts@3", "nuts@3")
    theirs, ours = kinds_read(ada, "nuts@3"), kinds_read(bob, "nuts@3")
    assert [*map(len, theirs)] == [*map(len, ours)]
    with monkeypatch.context() as patch:
        patch.setattr(refs, "move_files", lambda *_: None)
        assert fetch(bob, ada, side_files=side_files_of) == MOVED
    assert folders(bob) == ["nuts@3"]
    with pytest.raises(StateError, match="not the files of nuts@3"):
        kinds_read(bob, "nuts@3")
    assert "not the files of nuts@3" in describe_named(bob, "nuts@3").warnings[0]
    assert not verify_files(bob, "nuts@3").ok
    assert take_snapshot(bob, "nuts", at="nuts@4").made == 0, "the folder has got its name"
    take_snapshot(bob, "nuts", at="nuts@3")
    for name, expected in (("nuts@4", ours), ("nuts@3", theirs)):
        assert kinds_read(bob, name) == expected
        assert verify_files(bob, name).ok


def test_a_snapshot_that_is_made_over_the_files_of_another_never_has_its_name_beside_their_bytes(
    ada: Repository, bob: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed after the small files were written, it leaves nothing that would be taken for the snapshot's."""
    take_relabelled(ada, 0)
    take_relabelled(bob, 2)
    with monkeypatch.context() as patch:
        patch.setattr(refs, "move_files", lambda *_: None)
        fetch(bob, ada, side_files=side_files_of)

    def killed(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("dvcore.snapshot.taking.here.settle_folders", lambda *_: None)
        patch.setattr("dvcore.snapshot.taking.here.fill_folder", killed)
        with pytest.raises(KeyboardInterrupt):
            take_snapshot(bob, "nuts", at="nuts@3")
    with pytest.raises(StateError, match="missing or damaged"):
        kinds_read(bob, "nuts@3")


def test_two_that_change_names(ada: Repository, bob: Repository) -> None:
    """Neither folder can go first: both stay, and neither is read under the other's name."""
    take_relabelled(ada, 0)
    take_relabelled(ada, 2)
    carry(ada, bob)
    for number in (4, 3):
        dataset = ada.objects.load_commit(refs_of(ada)[f"snapshots/nuts/{number}"]).parents[1]
        take_snapshot(bob, "nuts", at=format_id(dataset))
    before = {name: kinds_read(bob, name) for name in ("nuts@3", "nuts@4")}
    adopted = fetch(bob, ada, side_files=side_files_of)
    assert {(one.old, one.new) for one in adopted.renumbered} == {(3, 4), (4, 3)}
    for name, other in (("nuts@3", "nuts@4"), ("nuts@4", "nuts@3")):
        with pytest.raises(StateError, match=f"not the files of {name}"):
            kinds_read(bob, name)
        take_snapshot(bob, "nuts", at=name)
        assert kinds_read(bob, name) == before[other] == kinds_read(ada, name)


def test_a_new_name_may_be_the_old_one_of_another(ada: Repository, bob: Repository) -> None:
    """Ours 3 is theirs 4, and ours 4 is now 5: the second has to go first."""
    take_relabelled(ada, 0)
    take_relabelled(ada, 2)
    carry(ada, bob)
    dataset = ada.objects.load_commit(refs_of(ada)["snapshots/nuts/4"]).parents[1]
    take_snapshot(bob, "nuts", at=format_id(dataset))
    take_relabelled(bob, 4)
    before = {name: kinds_read(bob, name) for name in ("nuts@3", "nuts@4")}
    fetch(bob, ada, side_files=side_files_of)
    assert folders(bob) == ["nuts@4", "nuts@5"]
    assert kinds_read(bob, "nuts@4") == before["nuts@3"] == kinds_read(ada, "nuts@4")
    assert kinds_read(bob, "nuts@5") == before["nuts@4"]


def test_files_that_both_have_stay_ours(ada: Repository, bob: Repository) -> None:
    """What tells the two apart is not in the TFRecords: ours keeps the folder that it had."""
    for one, text in ((ada, "theirs"), (bob, "ours")):
        put_files(one, {f"{text}.txt": text.encode()})
        commit_working(one, text)
        take_snapshot(one, "nuts")
    assert fetch(bob, ada, side_files=side_files_of) == MOVED
    assert describe_named(bob, "nuts@3").digest == describe_named(bob, "nuts@4").digest
    assert folders(bob) == ["nuts@4"]
    assert verify_files(bob, "nuts@4").ok


@pytest.mark.parametrize("why", ["taken", "in use"])
def test_a_folder_that_cannot_be_renamed_stays(ada: Repository, bob: Repository, why: str) -> None:
    take_relabelled(ada, 0)
    take_relabelled(bob, 2)
    assert bob.layout is not None
    home = bob.layout.snapshots / "nuts@3"
    with ExitStack() as stack:
        if why == "taken":
            (bob.layout.snapshots / "nuts@4").mkdir()
            (bob.layout.snapshots / "nuts@4" / "mine").touch()
        else:
            stack.enter_context(mended_folder(home))
        assert fetch(bob, ada, side_files=side_files_of) == MOVED
    assert len(list(home.glob("*.tfrecord-*"))) == 4
    for name in ("nuts@3", "nuts@4"):
        with pytest.raises(StateError):
            kinds_read(bob, name)
    for name in ("nuts@3", "nuts@4"):
        take_snapshot(bob, "nuts", at=name)
        assert verify_files(bob, name).ok


@pytest.mark.parametrize("can_move", [True, False])
def test_shards_come_over_the_files_of_another(
    ada: Repository, bob: Repository, monkeypatch: pytest.MonkeyPatch, can_move: bool
) -> None:
    take_relabelled(ada, 0)
    take_relabelled(bob, 2)
    storage = MemoryStorage()
    push(ada, storage, "origin", [PushRef(ref, id_) for ref, id_ in refs_of(ada).items()], with_shards=True)
    bob.store.update(lambda transaction: set_cell(transaction, seen_cell("origin"), None))
    with monkeypatch.context() as patch:
        patch.setattr(refs, "move_files", lambda *_: None)
        if not can_move:
            patch.setattr("dvcore.remote.exchange.shards.settle_folders", lambda *_: None)
        fetch_from(bob, storage, "origin", with_shards=True, side_files=side_files_of)
    assert kinds_read(bob, "nuts@3") == kinds_read(ada, "nuts@3")
    assert verify_files(bob, "nuts@3").ok
    assert ("nuts@4" in folders(bob)) == can_move


def test_what_another_made_in_the_meantime_keeps_its_name(
    ada: Repository, bob: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the refs and the folders another process makes theirs under the name that was ours."""
    take_relabelled(ada, 0)
    take_relabelled(bob, 2)
    ours = kinds_read(bob, "nuts@3")

    def late(*arguments: Any) -> None:
        take_snapshot(bob, "nuts", at="nuts@3")
        move_files(*arguments)

    with monkeypatch.context() as patch:
        patch.setattr(refs, "move_files", late)
        assert fetch(bob, ada, side_files=side_files_of) == MOVED
    assert folders(bob) == ["nuts@3", "nuts@4"]
    assert kinds_read(bob, "nuts@3") == kinds_read(ada, "nuts@3")
    assert kinds_read(bob, "nuts@4") == ours


def test_a_twin_of_other_bytes_gets_neither_their_name_nor_their_small_files(
    ada: Repository, bob: Repository, tmp_path: Path
) -> None:
    """Of the same tree and definition, made by another toolchain: it is theirs, and the files of ours are not."""
    assert (take_with(ada, 200), take_with(bob, 200)) == ("nuts@3", "nuts@3")
    made = remade(bob, 3)
    assert fetch(bob, ada, side_files=side_files_of) == SAME
    assert json.loads((made / "snapshot.json").read_bytes())["digest"] == "0" * 64
    with pytest.raises(StateError, match="not the files of nuts@3"):
        kinds_read(bob, "nuts@3")


def remade(repository: Repository, number: int) -> Path:
    """Another toolchain made this snapshot: its manifest names other bytes, and its folder says so."""
    commit = repository.objects.load_commit(refs_of(repository)[f"snapshots/nuts/{number}"])
    assert commit.manifest is not None
    assert repository.layout is not None
    manifest = decode_manifest(repository.objects.read(commit.manifest))
    shards = tuple(replace(one, blake3=b"o" * 32) for one in manifest.shards)
    draft = repository.draft()
    id_ = ManifestId(draft.put(encode_manifest(replace(manifest, shards=shards))))
    made = save_commit(draft, replace(commit, manifest=id_))
    repository.store.update(draft.flush_into)
    cells = {project_cell("nuts"): made, snapshot_cell("nuts", number): made}
    repository.store.update(lambda transaction: record(transaction, repository.who(), "remade", cells))
    folder = repository.layout.snapshots / f"nuts@{number}"
    origin = json.loads((folder / "snapshot.json").read_bytes()) | {"digest": "0" * 64}
    (folder / "snapshot.json").write_text(json.dumps(origin))
    return folder
