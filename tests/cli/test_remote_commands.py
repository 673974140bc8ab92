"""A team and its remote: pushing, cloning, working on both sides, refused and pulled; without the images; kept whole.

Real photographs, a folder as the remote, and every command as people type it.
"""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.command import Dset
from support.teams import Team, history, refs

LABELS = ("--label", "fig=has('fig')", "--label", "other=NOT has('fig')", "--shards", "2")


@pytest.fixture
def team(tmp_path: Path) -> Iterator[Team]:
    """At the end, every repository and the remote must be whole, to the last byte."""
    team = Team(tmp_path)
    yield team
    team.check()


@pytest.fixture
def ada(team: Team, shared_data: Path) -> Dset:
    """Photographs with outlines, a tag, a project with a snapshot; all of it pushed."""
    ada = team.founded("ada")
    ada("import", shared_data / "coco-polygons", "--to", "nuts")
    ada("commit", "-m", "photographs")
    ada("tag", "v1")
    ada("project", "create", "kinds", *LABELS)
    ada("snapshot", "kinds")
    ada("remote", "add", "origin", team.remote)
    ada("push", "--all")
    return ada


def annotate(dset: Dset, image: str, message: str) -> None:
    """A fig more, committed."""
    added = {"path": f"nuts/images/{image}.jpg", "add": [{"label": "fig", "box": [1, 2, 30, 40]}]}
    dset("annotate", "--from-json", "-", stdin=json.dumps(added))
    dset("commit", "-m", message)


def blobs_size(dset: Dset) -> int:
    """Bytes of the images that are here."""
    return int(dset("gc", "--dry-run", "--json").json["stores"]["blobs"]["tables"]["blobs"]["live"]["bytes"])


def digest(dset: Dset, snapshot: str) -> str:
    return str(dset("show", snapshot, "--json").json["digest"])


def test_a_clone_is_the_same(team: Team, ada: Dset) -> None:
    bob = team.cloned("bob")
    assert refs(bob) == refs(ada)
    assert history(bob) == history(ada)
    assert bob.tree() == ada.tree()
    assert bob("status", "--json").out == ""
    assert bob("remote", "list", "--json").json["url"] == str(team.remote)
    bob("snapshot", "kinds")
    assert digest(bob, "kinds@1") == digest(ada, "kinds@1")
    assert bob("verify", "kinds@1", "--json").json["ok"]


def test_two_who_work_at_once(team: Team, ada: Dset) -> None:
    bob = team.cloned("bob")
    annotate(ada, "0", "a fig on the first")
    ada("push")
    annotate(bob, "1", "a fig on the second")
    assert "fetch first: 'dset pull'" in bob.fails("push")
    bob("pull")
    bob("push")
    ada("pull")
    assert ada.tree() == bob.tree()
    assert history(ada)[0] == history(bob)[0]
    assert len(history(ada)[0]["parents"]) == 2
    ada("fsck")


def test_what_did_not_change_does_not_travel(team: Team, ada: Dset) -> None:
    size, packs = team.size(), team.packs()
    annotate(ada, "0", "a fig more")
    pushed = ada("push", "--json").json
    assert (pushed["commits"], pushed["blobs"]) == (1, 0)
    assert packs < team.packs()
    assert team.size() - size == pushed["bytes"] < 50_000
    assert ada("push", "--json").json["packs"] == 0


def test_branches_of_a_remote(team: Team, ada: Dset) -> None:
    bob = team.cloned("bob")
    ada("branch", "corrections")
    ada("switch", "corrections")
    annotate(ada, "2", "corrected")
    ada("push")
    bob("fetch")
    assert "origin/corrections" in bob("branch", "--all").out
    assert bob("show", "origin/corrections", "--json").json["message"] == "corrected"
    assert "2.jpg  (instances: 1 added)" in bob("diff", "main", "origin/corrections").out
    bob("branch", "corrections", "origin/corrections")
    bob("switch", "corrections")
    assert bob.tree() == ada.tree()
    ada("push", "--delete", "origin", "corrections")
    bob("fetch")
    assert "origin/corrections" not in bob("branch", "--all").out
    assert bob("branch", "--json").rows[0]["branch"] == "corrections"


def test_status_says_how_far_apart(team: Team, ada: Dset) -> None:
    bob = team.cloned("bob")
    annotate(ada, "0", "one")
    annotate(ada, "1", "two")
    ada("push")
    annotate(bob, "3", "mine")
    bob("fetch")
    assert "1 ahead, 2 behind origin/main" in bob("status").out


def test_moving_a_branch_takes_a_lease(team: Team, ada: Dset) -> None:
    bob = team.cloned("bob")
    annotate(ada, "0", "a mistake")
    ada("push")
    ada("undo")
    annotate(ada, "0", "as it should be")
    assert "fetch first" in ada.fails("push")
    annotate(bob, "1", "meanwhile")
    bob("pull")
    bob("push")
    assert "was expected to be" in ada.fails("push", "--force-with-lease")
    ada("fetch")
    ada("push", "--force-with-lease")
    assert history(team.cloned("cyd")) == history(ada)


def test_a_lazy_clone_brings_what_its_snapshot_needs(team: Team, ada: Dset) -> None:
    ada("mirror", "nuts", "figs", "--where", "count('fig') > 3")
    ada("commit", "-m", "figs")
    ada("project", "create", "figs", "--directory", "figs", "--shards", "1")
    ada("snapshot", "figs")
    ada("push", "--all")
    bob = team.cloned("bob", "--lazy")
    assert blobs_size(bob) == 0
    assert bob.tree() == ada.tree()
    assert bob("ls", "nuts", "--where", "has('fig')", "--count").json > 0
    bob("fsck")
    bob("snapshot", "figs")
    assert digest(bob, "figs@1") == digest(ada, "figs@1")
    needed = {row["blob"]: row["bytes"] for row in bob("ls", "figs", "-R", "--json").rows}
    assert blobs_size(bob) == sum(needed.values())
    assert 0 < len(needed) < 18


def test_work_in_a_lazy_clone_travels_back(team: Team, ada: Dset) -> None:
    bob = team.cloned("bob", "--lazy")
    annotate(bob, "4", "without having the image")
    bob("push")
    ada("pull")
    assert ada.tree() == bob.tree()
    assert blobs_size(bob) == 0


def test_a_lazy_clone_stays_lazy(team: Team, ada: Dset, shared_data: Path) -> None:
    bob = team.cloned("bob", "--lazy")
    for digit, command in (("3", "fetch"), ("4", "pull")):
        ada("import", shared_data / "sign-digits" / digit, "--to", digit)
        ada("commit", "-m", digit)
        ada("push")
        assert " there until needed" in bob(command).out
    assert (blobs_size(bob), bob.tree()) == (0, ada.tree())


def test_fetching_a_part_and_giving_it_back(team: Team, ada: Dset) -> None:
    bob = team.cloned("bob", "--lazy")
    few = bob("fetch", "--for", "nuts", "--where", "count('fig') > 3", "--json").json
    assert 0 < few["blobs"] < 18
    assert bob("fetch", "--where", "count('fig') > 3", "--json").json["blobs"] == 0
    assert bob("fetch", "--for", "kinds", "--limit", "2", "--json").json["blobs"] <= 2
    bob("fetch", "--for", "nuts")
    assert blobs_size(bob) == blobs_size(ada)
    assert bob("fsck", "--json").json.get("absent", 0) == 0
    evicted = bob("evict", "nuts", "--where", "NOT has('fig')", "--json").json
    assert evicted["blobs"] == bob("fsck", "--json").json["absent"] > 0
    bob("verify", "kinds@1", "--rebuild")
    assert bob("fsck", "--json").json.get("absent", 0) == 0


def test_only_what_the_remote_has_is_evicted(team: Team, ada: Dset, shared_data: Path) -> None:
    ada("import", shared_data / "sign-digits" / "3", "--to", "digits")
    ada("commit", "-m", "not pushed yet")
    kept = {row["blob"]: row["bytes"] for row in ada("ls", "digits", "-R", "--json").rows}
    assert ada("evict", "--json").json["blobs"] == 18
    assert blobs_size(ada) == sum(kept.values()) > 0
    assert "18" in ada("fsck").out
    ada("push")
    assert ada("evict", "--json").json["blobs"] == len(kept)
    ada("fsck")


def test_what_nothing_leads_to_goes_from_the_remote(team: Team, ada: Dset, shared_data: Path) -> None:
    ada("branch", "digits")
    ada("switch", "digits")
    ada("import", shared_data / "sign-digits" / "3", "--to", "digits")
    ada("commit", "-m", "another data set")
    ada("push")
    full = team.size()
    ada("push", "--delete", "origin", "digits")
    looked, again = (ada("gc", "--remote", "--grace", "0", "--dry-run").out for _ in range(2))
    assert "would be taken out of use" in looked
    assert (again, team.size()) == (looked, full)
    ada("gc", "--remote", "--grace", "0")
    assert ada("fsck", "--remote", "--read-data", "--json").json["ok"]
    ada("gc", "--remote", "--grace", "0")
    assert team.size() < full
    assert refs(team.cloned("bob"))["branches"].keys() == {"main"}


def test_two_snapshots_of_one_number(team: Team, ada: Dset) -> None:
    bob = team.cloned("bob")
    annotate(ada, "16", "a fig")
    ada("snapshot", "kinds")
    ada("push", "--all")
    annotate(bob, "17", "another fig")
    bob("snapshot", "kinds")
    told = bob("pull")
    assert "kinds@2 is now kinds@3" in told.out + told.err
    assert refs(bob)["projects"] == {"kinds": ["kinds@1", "kinds@2", "kinds@3"]}
    assert digest(bob, "kinds@2") == digest(ada, "kinds@2")
    assert bob("verify", "kinds@3", "--json").json["ok"]
    bob("push", "--all")
    ada("pull")
    assert refs(ada)["projects"] == refs(bob)["projects"]


def test_the_same_snapshot_taken_twice(team: Team, ada: Dset) -> None:
    annotate(ada, "16", "a fig")
    ada("push")
    bob = team.cloned("bob")
    for dset in (ada, bob):
        dset("snapshot", "kinds")
    ada("push", "--all")
    bob("fetch")
    assert refs(bob) == refs(ada)


def test_two_projects_of_one_name(team: Team, ada: Dset) -> None:
    bob = team.cloned("bob")
    ada("project", "create", "figs", "--label", "fig=has('fig')", "--label", "other=NOT has('fig')")
    annotate(ada, "0", "and a commit")
    ada("push", "--all")
    bob("project", "create", "figs", "--directory", "nuts")
    fetched = bob.run("fetch")
    assert fetched.code == 1
    assert "dset project duplicate" in fetched.out + fetched.err
    assert bob("show", "origin/main", "--json").json["message"] == "and a commit"


def test_shards_travel_too(team: Team, ada: Dset) -> None:
    ada("push", "--all", "--with-shards")
    bob = team.cloned("bob", "--lazy", "--with-shards")
    assert bob("verify", "kinds@1", "--json").json["ok"]
    annotate(ada, "16", "a fig")
    ada("snapshot", "kinds")
    ada("push", "--all", "--with-shards")
    assert "shards came of kinds@2" in bob("fetch", "--with-shards").out
    assert bob("verify", "kinds@2", "--json").json["ok"]
    assert blobs_size(bob) == 0


def test_one_remote_to_another(team: Team, ada: Dset) -> None:
    bob = team.cloned("bob", "--lazy")
    bob("remote", "add", "backup", team.folder / "backup")
    bob("push", "backup", "--all")
    assert blobs_size(bob) == 0
    Dset(team.folder)("clone", team.folder / "backup", "cyd")
    cyd = Dset(team.folder / "cyd")
    assert (refs(cyd), cyd.tree()) == (refs(ada), ada.tree())
    assert cyd("fsck", "--json").json["ok"]
