"""`dset fsck`: exit codes, JSON, repair."""

from pathlib import Path

import pytest
from support.command import Dset, Result

from dset.commands import fsck_command
from dvcore.errors import StorageError
from dvcore.ids import BlobId, digest
from dvcore.repo.cells import set_cell
from dvcore.repo.fsck import faults
from dvcore.repo.repository import Repository
from dvcore.store import Table

WALNUT = "nuts/walnut/00.png"


def lose(dset: Dset, data: bytes) -> str:
    """Turn a bit of a blob over; its id."""
    with Repository.open(dset.folder) as repository:
        store = repository.stores.blobs
        store.update(lambda transaction: transaction.put(Table.BLOBS, digest(data), data[:-1] + bytes([data[-1] ^ 1])))
    return digest(data).hex()


def failed(dset: Dset, *arguments: str | Path) -> Result:
    result = dset.run(*arguments)
    assert result.code == 1, result
    return result


def test_a_lost_file_is_named_and_put_back(nuts: Dset, photos: Path) -> None:
    blob = lose(nuts, (photos / "walnut" / "00.png").read_bytes())
    (problem,) = failed(nuts, "fsck", "--json").json["problems"]
    assert (problem["kind"], problem["name"], problem["files"]) == ("blob", blob, [WALNUT])
    assert (problem["state"], problem["working"], problem["more"]) == ("WORK", ["main"], {})
    assert len(problem["commits"]) == 1
    assert len(problem["commits"][0]) == 64
    assert nuts("fsck", "--json", "--quick").json == {"ok": True, "problems": []}
    said = failed(nuts, "fsck").out
    assert WALNUT in said
    assert said.endswith("1 problem\n")
    assert nuts("fsck", "--repair", photos, "--json").json == {"ok": True, "problems": [], "repaired": [blob]}


def test_images_that_are_on_a_remote_are_counted_and_come_back_with_an_import(nuts: Dset, photos: Path) -> None:
    """Import remembers the files by size and time, and stores them again all the same."""
    blobs = [BlobId(digest(path.read_bytes())) for path in sorted((photos / "walnut").iterdir())]
    with Repository.open(nuts.folder) as repository, repository.uncollected(), repository.alone(5):
        repository.blobs.evict(blobs)
    assert nuts("fsck", "--json").json == {"ok": True, "problems": [], "absent": 6}
    assert nuts("fsck").out.startswith("6 images on a remote and not here; 'dset fsck --remote'")
    nuts("import", photos, "--to", "nuts", "--format", "folders")
    assert nuts("status", "--json").out == ""
    assert nuts("fsck", "--json").json == {"ok": True, "problems": []}


def test_what_is_found_nowhere_stays_lost(nuts: Dset, photos: Path, tmp_path: Path) -> None:
    data = (photos / "walnut" / "00.png").read_bytes()
    lose(nuts, data)
    (tmp_path / "nothing").mkdir()
    kept = photos / "walnut" / "00.png"
    moved = tmp_path / "moved.png"
    kept.rename(moved)
    try:
        assert failed(nuts, "fsck", "--repair", tmp_path / "nothing", "--json").json["repaired"] == []
    finally:
        moved.rename(kept)
    assert "1 file put back" in nuts("fsck", "--repair", kept).out


def test_a_folder_that_is_not_there(nuts: Dset, photos: Path) -> None:
    lose(nuts, (photos / "walnut" / "00.png").read_bytes())
    result = failed(nuts, "fsck", "--repair", photos, "misspelt")
    assert "there is no misspelt" in result.err
    assert failed(nuts, "fsck", "--repair", "n" * 300).out == ""
    nuts("fsck", "--repair", photos)


def test_a_place_that_cannot_be_looked_at(
    nuts: Dset, photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file may have been imported from a folder that is closed to us now, or had a longer name than can be here."""
    blob = lose(nuts, (photos / "walnut" / "00.png").read_bytes())
    places = [Path("/" + "n" * 300), tmp_path / "closed" / "file"]
    monkeypatch.setattr(fsck_command, "iter_places", lambda *_: iter(places))
    (tmp_path / "closed").mkdir(mode=0)
    assert nuts("fsck", "--repair", photos, "--json").json["repaired"] == [blob]


def test_problems_are_told_also_where_the_repair_fails(
    nuts: Dset, photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> set[bytes]:
        raise StorageError("no space left")

    blob = lose(nuts, (photos / "walnut" / "00.png").read_bytes())
    with monkeypatch.context() as patched:
        patched.setattr(fsck_command, "repair_blobs", full)
        result = failed(nuts, "fsck", "--repair", photos, "--json")
        said = failed(nuts, "fsck", "--repair", photos).out
    assert [problem["name"] for problem in result.json["problems"]] == [blob]
    assert result.json["repaired"] == []
    assert "no space left" in result.err
    assert blob[:12] in said
    nuts("fsck", "--repair", photos)


def test_what_is_beyond_the_list_is_put_back_too(nuts: Dset, photos: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(faults, "LISTED_FAULTS", 1)
    lost = sorted(lose(nuts, (photos / "walnut" / f"0{number}.png").read_bytes()) for number in range(3))
    told = failed(nuts, "fsck", "--json").json
    assert (told["ok"], len(told["problems"]), told["unlisted"]) == (False, 1, 2)
    assert "and 2 problems more\n3 problems\n" in failed(nuts, "fsck").out
    assert nuts("fsck", "--json", "--repair", photos).json == {"ok": True, "problems": [], "repaired": lost}
    assert nuts("fsck", "--repair", photos).out == "all is well\n"


@pytest.mark.parametrize("name", ["objects.0.lmdb", "blobs.0.lmdb", "current"])
def test_what_cannot_be_opened_is_a_problem_too(nuts: Dset, name: str) -> None:
    path = nuts.folder / ".dset" / name
    sound = path.read_bytes()
    path.write_bytes(bytes(8192) + sound[8192:])
    told = failed(nuts, "fsck", "--json").json
    assert told["ok"] is False
    assert (told["problems"][0]["kind"], told["problems"][0]["name"]) == ("store", "repository")
    assert name in told["problems"][0]["problem"]
    assert failed(nuts, "fsck").out.endswith("1 problem\n")
    assert failed(nuts, "fsck", "--repair", "--json").json["repaired"] == []
    path.write_bytes(sound)


def test_a_head_that_is_no_text(nuts: Dset) -> None:
    set_head(nuts, ["a"])
    told = failed(nuts, "fsck", "--json").json
    assert [(problem["kind"], problem["name"]) for problem in told["problems"]] == [("cell", "head")]
    set_head(nuts, "main")


def set_head(dset: Dset, value: object) -> None:
    with Repository.open(dset.folder) as repository:
        repository.store.update(lambda transaction: set_cell(transaction, "head", value))


def test_folders_without_repair_are_a_mistake(nuts: Dset, photos: Path) -> None:
    assert nuts.run("fsck", photos).code == 2
