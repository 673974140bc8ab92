"""What people are told about remotes: every word, for the ways it goes and the ways it does not."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from support.command import Dset
from support.teams import Team

from dvcore.remote.storages.local import LocalStorage
from dvcore.remote.storages.storage import Capabilities

SECRET = "hunter2"


@pytest.fixture
def team(tmp_path: Path) -> Team:
    return Team(tmp_path)


@pytest.fixture
def ada(team: Team, photos: Path) -> Dset:
    """Twelve small pictures, committed."""
    ada = team.founded("ada")
    ada("import", photos, "--to", "nuts", "--format", "folders")
    ada("commit", "-m", "twelve nuts")
    return ada


@pytest.fixture
def shared(team: Team, ada: Dset) -> Dset:
    """The same, pushed."""
    ada("remote", "add", "origin", team.remote)
    ada("push")
    return ada


def test_without_a_remote(ada: Dset) -> None:
    for command in ("push", "fetch", "pull", "evict"):
        assert ada.fails(command) == "dset: no remote; 'dset remote add NAME URL' names one"
    assert ada("remote", "list").out == ""


def test_adding_and_removing(team: Team, ada: Dset) -> None:
    assert ada("remote", "add", "origin", team.remote).out == f"origin: {team.remote}, nothing was pushed yet\n"
    assert ada("remote", "list").out == f"origin  {team.remote}\n"
    assert "there is a remote 'origin' already" in ada.fails("remote", "add", "origin", team.folder / "other")
    assert not (team.folder / "other").exists()
    ada("push")
    assert ada("remote", "add", "again", team.remote).out == f"again: {team.remote}, 1 branch\n"
    ada("remote", "remove", "again")
    assert [row["remote"] for row in ada("remote", "list", "--json").rows] == ["origin"]
    assert "no remote 'again'" in ada.fails("remote", "remove", "again")


def test_a_relative_folder_is_seen_from_the_folder_of_the_command(team: Team, ada: Dset) -> None:
    Dset(team.folder)("-C", ada.folder, "remote", "add", "origin", "../remote")
    assert ada("remote", "list", "--json").json["url"] == str(team.remote)
    ada("push")
    Dset(team.folder)("-C", ada.folder, "clone", "../remote", "../bob")
    assert (team.folder / "bob" / ".dset").is_dir()


@pytest.mark.parametrize(
    "address",
    [f"s3://key:{SECRET}@bucket/nuts", f"https://host/nuts?sig={SECRET}", f"ssh://ann:{SECRET}@host/nuts"],
)
def test_an_address_with_a_secret(ada: Dset, address: str) -> None:
    for command in (("remote", "add", "origin"), ("clone",)):
        told = ada.run(*command, address)
        assert (told.code, SECRET in told.out + told.err) == (1, False)
        assert "credentials come from" in told.err
    assert SECRET not in (ada.folder / ".dset" / "config.toml").read_text()


def test_addresses_that_lead_nowhere(team: Team, ada: Dset) -> None:
    assert "scheme that is not known" in ada.fails("remote", "add", "origin", "ftp://host/nuts")
    assert "looks like a host" in ada.fails("remote", "add", "origin", "host:nuts")
    assert str(team.folder / "gone") in Dset(team.folder).fails("clone", team.folder / "gone")
    assert not (team.folder / "gone").exists()
    ada("remote", "add", "origin", team.remote)
    shutil.rmtree(team.remote)
    for command in ("push", "fetch", "pull"):
        assert str(team.remote) in ada.fails(command)
    assert not team.remote.exists()


def test_a_repository_is_no_remote(team: Team, ada: Dset) -> None:
    for told in (Dset(team.folder).fails("clone", "ada", "bob"), ada.fails("remote", "add", "origin", ".")):
        assert told.startswith(f"dset: {ada.folder} is a repository, not a remote; ")
    assert not (team.folder / "bob").exists()


def test_a_clone_of_nothing(team: Team) -> None:
    team.remote.mkdir()
    told = Dset(team.folder)("clone", team.remote, "bob")
    assert told.err == f"warning: nothing was pushed to {team.remote} yet\n"
    assert told.out == f"cloned {team.remote} into {team.folder / 'bob'}\n"
    bob = Dset(team.folder / "bob")
    assert bob("fetch").out == "origin: nothing was pushed yet\n"
    bob("mkdir", "nuts")
    bob("commit", "-m", "the first")
    bob("push")


def test_where_a_clone_goes(team: Team, shared: Dset) -> None:
    here = Dset(team.folder / "elsewhere")
    here.folder.mkdir()
    told = here("clone", team.remote).out
    assert told.startswith(f"cloned {team.remote} into {here.folder / 'remote'}: 1 branch; 7 objects, 12 images, ")
    assert "is a repository already" in here.fails("clone", team.remote)
    assert "is not empty" in Dset(team.folder).fails("clone", "remote")
    (here.folder / "full").mkdir()
    (here.folder / "full" / "thesis.txt").write_text("mine")
    assert "is not empty" in here.fails("clone", team.remote, "full")
    assert [path.name for path in (here.folder / "full").iterdir()] == ["thesis.txt"]


def test_pushing(shared: Dset) -> None:
    assert shared("push").out == "origin has main already\n"
    shared("annotate", "nuts/walnut", "--done")
    shared("commit", "-m", "seen")
    told = shared("push").out
    assert told.startswith("pushed main to origin: 1 commit, ")
    assert told.endswith(" kB in 1 pack\n")
    shared("tag", "v1")
    assert shared("push", "origin", "v1").out == "pushed v1 to origin: nothing new but the name\n"
    assert shared("push", "--delete", "origin", "v1").out == "deleted v1 on origin\n"


def test_what_cannot_be_pushed(team: Team, shared: Dset) -> None:
    assert "no branch, tag, project or snapshot 'v9'" in shared.fails("push", "origin", "v9")
    assert shared.fails("push", "main") == "dset: no remote 'main'; 'dset push origin main' pushes what is called so"
    shared.fails("push", "--all", "origin", "main", code=2)
    shared.fails("push", "--delete", code=2)
    new = team.founded("new")
    new("remote", "add", "origin", team.remote)
    assert "has no commit yet" in new.fails("push")


def test_a_store_that_cannot_compare(team: Team, ada: Dset, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(LocalStorage, "capabilities", Capabilities(conditional=False))
    assert "cannot compare and swap" in ada("remote", "add", "origin", team.remote).err
    assert "cannot compare and swap" in ada.fails("push")
    assert ada("push", "--unsafe-no-cas").out.startswith("pushed main to origin: ")
    assert ada("remote", "add", "other", team.folder / "other", "--unsafe-no-cas").err == ""
    assert ada("push", "other").out.startswith("pushed main to other: ")


def test_a_store_that_can_only_be_read(team: Team, ada: Dset, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(LocalStorage, "capabilities", Capabilities(writable=False, conditional=False))
    assert ada("remote", "add", "origin", team.remote).err == "warning: origin can be read, not pushed to\n"


def test_pulling_as_merging(team: Team, shared: Dset) -> None:
    """What `dset merge` can be told, and another branch than ours."""
    shared("variable", "add", "ripe", "--type", "text")
    shared("commit", "-m", "ripe")
    shared("push")
    bob = team.cloned("bob")
    shared("branch", "other")
    shared("switch", "other")
    shared("annotate", "nuts/walnut", "--set", "ripe=yes")
    shared("commit", "-m", "theirs")
    shared("push")
    assert bob("pull", "origin", "other", "--no-ff", "-m", "joined").out.splitlines()[-1].startswith("committed ")
    assert bob("log", "-n", "1", "--json").json["message"] == "joined"
    for dset, value in ((shared, "no"), (bob, "perhaps")):
        dset("annotate", "nuts/walnut", "--set", f"ripe={value}")
        dset("commit", "-m", value)
    shared("push")
    bob("pull", "origin", "other", "--strategy", "theirs", "--author", "Bob <bob@example.org>")
    assert {row["variables"]["ripe"] for row in bob("ls", "nuts/walnut", "--json").rows} == {"no"}
    assert bob("log", "-n", "1", "--json").json["author"] == "Bob <bob@example.org>"
    assert "origin has no branch 'nope'" in bob.fails("pull", "origin", "nope")


def test_names_of_more_than_one_thing(team: Team, shared: Dset) -> None:
    shared("project", "create", "main", "--directory", "nuts", "--shards", "1")
    shared("snapshot", "main")
    told = shared.fails("push", "origin", "main")
    assert told == "dset: 'main' is a branch and a project; write heads/main or projects/main"
    assert shared("push", "origin", "heads/main").out == "origin has heads/main already\n"
    assert shared("push", "origin", "projects/main").out.startswith("pushed main, main@1 to origin: 2 commits, ")
    deleted = shared("push", "--delete", "origin", "projects/main", "--json").json["refs"]
    assert [(one["ref"], one["new"]) for one in deleted] == [("projects/main", None), ("snapshots/main/1", None)]
    assert shared("project", "list").out == "main  main@1\n"


def test_a_lease_that_is_written_out(team: Team, shared: Dset) -> None:
    old = shared("log", "-n", "1", "--json").json["commit"]
    shared("annotate", "nuts/walnut", "--done")
    shared("commit", "-m", "a mistake")
    shared("push")
    shared("undo")
    expected = ("--force-with-lease", "--expect", f"main={old}")
    assert "was expected to be" in shared.fails("push", *expected)
    assert "did not go forward" in shared("push", "--force-with-lease").err
    assert shared("push", *expected).out == "origin has main already\n"
    shared.fails("push", "--expect", f"main={old}", code=2)
    assert "no branch, tag, project or snapshot 'v1'" in shared.fails(
        "push", "--force-with-lease", "--expect", f"v1={old}"
    )


def test_a_tag_stays_what_it_is(team: Team, shared: Dset) -> None:
    bob = team.cloned("bob")
    shared("tag", "v1")
    shared("push", "origin", "v1")
    bob("annotate", "nuts/walnut", "--done")
    bob("commit", "-m", "seen")
    bob("tag", "v1")
    assert "the tag 'v1'" in bob.fails("push", "origin", "v1")
    assert bob("fetch").err == "warning: the tag v1 is another commit there: ours stays, theirs is origin/v1\n"


def test_what_programs_read(team: Team, shared: Dset) -> None:
    """The keys that docs/commands.md promises."""
    moved = {"ref", "old", "new"}
    counts = {"objects", "blobs", "bytes", "absent"}
    outcome = {"kept_tags", "renumbered", "refused"}
    bob = team.cloned("bob")
    shared("annotate", "nuts/walnut", "--done")
    shared("commit", "-m", "seen")
    pushed = shared("push", "--json").json
    assert pushed.keys() == {"remote", "refs", "commits", "objects", "blobs", "bytes", "packs"}
    fetched = bob("fetch", "--json").json
    assert fetched.keys() == {"remote", "refs"} | counts | outcome
    assert [one.keys() for one in (*pushed["refs"], *fetched["refs"])] == [moved, moved]
    assert pushed["refs"] == fetched["refs"]
    assert bob("fetch", "--with-shards", "--json").json["shards"] == []
    assert bob("pull", "--json").json.keys() == {"fetched", "commit", "outcome", "conflicts"}
    cloned = Dset(team.folder)("clone", "--lazy", team.remote, "cyd", "--json").json
    assert cloned.keys() == {"folder", "remote", "branch", "refs"} | counts | outcome
    assert (cloned["folder"], cloned["branch"], cloned["absent"]) == (str(team.folder / "cyd"), "main", 12)
    assert bob("evict", "--json").json.keys() == {"remote", "blobs", "bytes", "kept"}
    assert bob("fetch", "--for", "nuts", "--json").json == {"blobs": 12}
    (listed,) = bob("remote", "list", "--json").rows
    assert listed == {"remote": "origin", "url": str(team.remote), "options": {}, "lazy": False, "unsafe_no_cas": False}
    collected = bob("gc", "--remote", "--json").json
    tallies = {"kept", "condemned", "copied", "removed", "waiting"}
    assert collected.keys() == {"remote", "dry_run", "indexes"} | tallies
    assert all(collected[name].keys() == {"number", "bytes"} for name in tallies)
    assert bob("fsck", "--remote", "--json").json == {"ok": True, "problems": []}


def test_two_remotes(team: Team, ada: Dset) -> None:
    for name in ("here", "there"):
        ada("remote", "add", name, team.folder / name)
    assert ada.fails("push") == "dset: several remotes, and none is called origin; name one of here, there"
    ada("push", "there")
    assert "there/main" in ada("branch", "--all").out
    assert "here/main" not in ada("branch", "--all").out.replace("there/main", "")
    ada("remote", "add", "origin", team.remote)
    assert ada("push").out.startswith("pushed main to origin: ")


def test_fetch_first(team: Team, shared: Dset) -> None:
    bob = team.cloned("bob")
    for dset, part in ((shared, "walnut"), (bob, "almond")):
        dset("annotate", f"nuts/{part}", "--done")
        dset("commit", "-m", part)
    shared("push")
    refused = (
        "dset: the branch 'main' has commits there that this push would lose: nothing was pushed to origin; "
        "fetch first: 'dset pull' fetches and merges"
    )
    assert bob.fails("push") == refused
    bob("fetch")
    assert bob.fails("push") == refused


def test_fetching_and_pulling(team: Team, shared: Dset) -> None:
    bob = team.cloned("bob")
    assert bob("fetch").out == "origin: nothing new\n"
    before = shared("log", "-n", "1", "--json").json["commit"][:12]
    shared("annotate", "nuts/walnut", "--done")
    after = shared("commit", "-m", "seen", "--json").json["commit"][:12]
    shared("tag", "v1")
    shared("push", "--all")
    lines = bob("fetch").out.splitlines()
    assert lines[:2] == [f"origin/main: {before} -> {after}", f"tag v1: new, at {after}"]
    assert lines[2].startswith("fetched from origin: 3 objects, ")
    assert bob("pull").out.splitlines() == ["origin: nothing new", f"fast-forward to {after} seen"]
    assert bob("pull").out.splitlines() == ["origin: nothing new", f"up to date, at {after} seen"]
    bob("annotate", "nuts/almond", "--done")
    assert "'dset commit'" in bob.fails("pull")


def test_a_pull_with_conflicts(team: Team, shared: Dset) -> None:
    shared("variable", "add", "ripe", "--type", "text")
    shared("commit", "-m", "ripe")
    shared("push")
    bob = team.cloned("bob")
    for dset, value in ((shared, "yes"), (bob, "no")):
        dset("annotate", "nuts/walnut", "--set", f"ripe={value}")
        dset("commit", "-m", value)
    shared("push")
    told = bob.run("pull", "--json")
    assert told.code == 1
    assert len(told.json["conflicts"]) == 6
    assert told.json["fetched"]["refs"][0]["ref"] == "heads/main"
    bob("resolve", "/", "--ours")
    bob("commit")
    bob("push")
    shared("pull")
    assert shared.tree() == bob.tree()


def test_bringing_and_giving_back(team: Team, shared: Dset) -> None:
    bob = team.cloned("bob", "--lazy")
    assert bob("fetch", "--for", "nuts", "--limit", "2").out == "2 images came\n"
    assert bob("fetch", "--where", "label = 'walnut'").out.endswith(" images came\n")
    assert bob("fetch", "--where", "label = 'walnut'").out == "all of these images are here\n"
    assert "no file or directory 'nope'" in bob.fails("fetch", "--for", "nope")
    bob("fetch", "--for", "/")
    assert "no file or directory 'nope'" in bob.fails("fetch", "--for", "nope"), "though everything is here"
    assert "absent" not in bob.fails("evict", "nope")
    evicted = bob("evict", "nuts/walnut")
    assert evicted.out.startswith("evicted 6 images, ")
    assert evicted.out.endswith("; origin has them\n")
    assert evicted.err == "'dset gc' gives their room back to the disk\n"
    assert bob("evict", "nuts/walnut").out == "nothing to evict\n"
    assert "images on a remote and not here" in bob("fsck").out
    for wrong in (["origin", "--for", "nuts"], ["--limit", "3"], ["--for", "nuts", "--with-shards"]):
        bob.fails("fetch", *wrong, code=2)


def test_an_image_that_is_nowhere(team: Team, shared: Dset) -> None:
    bob = team.cloned("bob", "--lazy")
    bob("remote", "remove", "origin", "--force")
    told = bob.fails("export", "nuts", "out", "--format", "coco")
    assert "there is no remote; 'dset remote add'" in told


def test_an_image_that_went_from_the_remote(team: Team, shared: Dset) -> None:
    """Somebody deleted a branch of which another has no image: only asking the remote tells."""
    shared("branch", "more")
    shared("switch", "more")
    (team.folder / "notes.txt").write_text("walnuts keep well")
    shared("import", team.folder / "notes.txt", "--to", "notes", "--format", "files")
    shared("commit", "-m", "notes")
    shared("push")
    bob = team.cloned("bob", "--lazy")
    shared("push", "--delete", "origin", "more")
    for _ in range(2):
        shared("gc", "--remote", "--grace", "0")
    assert bob("fsck", "--json").json == {"ok": True, "problems": [], "absent": 13}
    told = bob.run("fsck", "--remote")
    assert told.code == 1
    assert ": it is not here, and no remote has it; concerns in WORK of more: notes/notes.txt; " in told.out
    assert told.out.endswith("\n1 problem\n")
    (lost,) = bob.run("fsck", "--remote", "--json").json["lost"]
    assert lost["files"] == ["notes/notes.txt"]
    assert bob("fsck", "--remote", "origin").out == "all is well\n"


def test_keeping_a_remote(shared: Dset) -> None:
    assert shared("gc", "--remote", "--dry-run").out.startswith("origin: 2 packs (")
    assert shared("gc", "--remote", "origin", "--json").json["kept"]["number"] == 2
    assert shared("fsck", "--remote").out == "all is well\n"
    shared.fails("gc", "--grace", "1h", code=2)
    shared.fails("gc", "--remote", "--wait", "3", code=2)
    shared.fails("fsck", "--read-data", code=2)
    shared.fails("fsck", "--remote", "--quick", code=2)


def test_a_damaged_remote(team: Team, shared: Dset) -> None:
    pack = max(
        (path for path in (team.remote / "packs").rglob("*") if path.is_file()), key=lambda one: one.stat().st_size
    )
    data = bytearray(pack.read_bytes())
    data[200] ^= 1
    pack.chmod(0o600)
    pack.write_bytes(data)
    told = shared.run("fsck", "--remote", "--read-data", "--json")
    assert told.code == 1
    assert pack.name in {problem["pack"] for problem in told.json["problems"]}
    assert str(team.remote) in shared.run("fsck", "--remote", "--read-data").out
    assert f"pack {pack.name[:12]}" in Dset(team.folder).fails("clone", team.remote, "bob")


def test_shown_on_a_remote_that_is_read_only(team: Team, shared: Dset) -> None:
    told = shared.run("remote", "add", "web", "https://127.0.0.1:1/nuts")
    assert told.code == 1
    assert "127.0.0.1" in told.err


def test_two_stories_of_a_remote(team: Team, shared: Dset) -> None:
    (team.remote / "root").unlink()
    assert "is empty, and was not before" in shared.fails("fetch")
    shared("remote", "remove", "origin")
    shared("remote", "add", "origin", team.remote)
    shared("push")


def test_interrupted_in_the_middle_of_a_push(team: Team, ada: Dset) -> None:
    """Ctrl-C after the first pack: nobody sees anything of it, and the second run goes on."""
    ada("remote", "add", "origin", team.remote)
    code = """
import os, signal
signal.signal(signal.SIGINT, signal.default_int_handler)  # what runs in the background may have it ignored
from dset.main import main
from dvcore.remote.storages.local import LocalStorage
put = LocalStorage.put
def interrupted(self, name, data, **options):
    put(self, name, data, **options)
    if name.startswith("packs/") and not told:
        told.append(name)  # once: a second time ends the waiting for what is under way
        os.kill(os.getpid(), signal.SIGINT)
told = []
LocalStorage.put = interrupted
main()
"""
    done = subprocess.run(
        [sys.executable, "-c", code, "push"], cwd=ada.folder, capture_output=True, text=True, check=False, timeout=60
    )
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "\ndset: interrupted\n")
    assert not (team.remote / "root").exists()
    sent = team.packs()
    assert sent
    assert ada("fsck", "--json").json["ok"]
    assert " had been sent by a push that was interrupted" in ada("push").err
    assert sent <= team.packs()
    assert ada("fsck", "--remote", "--read-data", "--json").json["ok"]
    assert team.cloned("bob").tree() == ada.tree()


def test_interrupted_in_the_middle_of_a_clone(team: Team, shared: Dset) -> None:
    """Ctrl-C before the images: run again in the same folder, it goes on, and does not ask again for what came."""
    code = """
import os, signal
signal.signal(signal.SIGINT, signal.default_int_handler)  # what runs in the background may have it ignored
from dset.main import main
from dvcore.remote.storages.local import LocalStorage
get_range = LocalStorage.get_range
def interrupted(self, name, start, length):
    if name.startswith("packs/blobs/"):
        os.kill(os.getpid(), signal.SIGINT)
    return get_range(self, name, start, length)
LocalStorage.get_range = interrupted
main()
"""
    done = subprocess.run(
        [sys.executable, "-c", code, "clone", str(team.remote), "bob"],
        cwd=team.folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "\ndset: interrupted\n")
    bob = Dset(team.folder / "bob")
    assert bob("log").out == "no commit on main yet\n"
    again = Dset(team.folder)("clone", team.remote, "bob", "--json").json
    assert (again["objects"], again["blobs"]) == (0, 12)
    assert bob.tree() == shared.tree()
    assert bob("fsck", "--json").json["ok"]
