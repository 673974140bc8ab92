"""The whole way with real photographs, as a user goes it: in, shared, copied, committed, exported, compared."""

import json
from pathlib import Path

import pytest
from support.command import Dset


@pytest.fixture
def dates(empty: Dset, shared_data: Path) -> Dset:
    """The photographs of dates, figs and hazelnuts with their polygons."""
    source = shared_data / "coco-polygons"
    empty("import", source, "--to", "nuts", "--annotations", source / "trainval.json")
    return empty


@pytest.fixture(scope="session")
def images_of(shared_data: Path) -> dict[str, set[str]]:
    """By pycocotools' reading: label -> names of the images that have one."""
    pytest.importorskip("pycocotools")
    from pycocotools.coco import COCO

    coco = COCO(str(shared_data / "coco-polygons" / "trainval.json"))
    return {
        category["name"]: {
            Path(image["file_name"]).name for image in coco.loadImgs(coco.getImgIds(catIds=[category["id"]]))
        }
        for category in coco.loadCats(coco.getCatIds())
    }


def test_has_counts_what_pycocotools_counts(dates: Dset, images_of: dict[str, set[str]]) -> None:
    assert set(images_of) == {"date", "fig", "hazelnut"}
    for label, names in images_of.items():
        assert dates("ls", "nuts", "--where", f"has('{label}')", "--count").json == len(names)
        listed = dates.paths("nuts", "--where", f"has('{label}')")
        assert {path.rsplit("/", 1)[-1] for path in listed} == names
    assert dates("ls", "nuts", "--count").json == 18


def test_an_annotation_in_a_mirror_is_one_in_the_source_and_none_in_a_copy(dates: Dset) -> None:
    dates("mirror", "nuts", "hazelnuts", "--where", "has('hazelnut')")
    dates("copy", "nuts", "plain", "--without-instances")
    mirrored = dates.paths("hazelnuts", "-R")
    assert mirrored
    assert dates("ls", "plain", "--where", "count() > 0 OR annotated", "--count").json == 0

    before = dates("show", mirrored[0], "--json").json
    assert before["instances"]
    kept = json.dumps(before["instances"][:1])
    dates("annotate", mirrored[0], "--instances", "-", stdin=kept)

    in_source = mirrored[0].replace("hazelnuts/", "nuts/", 1)
    assert dates("show", in_source, "--json").json["instances"] == before["instances"][:1]
    assert dates("show", in_source, "--json").json["id"] == before["id"]
    copied = dates("show", mirrored[0].replace("hazelnuts/", "plain/", 1), "--json").json
    assert copied["instances"] == []
    assert copied["blob"] == before["blob"]
    assert copied["id"] != before["id"]


def test_two_snapshots_differ_in_the_image_that_was_changed(dates: Dset) -> None:
    dates("commit", "-m", "as they came")
    only = "has('hazelnut') AND NOT has('date') AND NOT has('fig')"
    labels = ("--label", "date=has('date')", "--label", "fig=has('fig') AND NOT has('date')", "--label", f"only={only}")
    made = dates("project", "create", "dates", "--directory", "nuts", *labels, "--downsample", "both:32x32")
    assert "'only' is empty" in made.err

    first = dates("snapshot", "dates", "--json").json
    labelled = [counts for split in first["splits"].values() for counts in [split["labels"]]]
    assert all(list(counts) == ["date", "fig", "only"] for counts in labelled)
    assert sum(counts["only"] for counts in labelled) == 0
    changed = dates.paths("nuts", "--project", "dates", "--label", "date")[0]
    figs = [one for one in dates("show", changed, "--json").json["instances"] if one["label"] != "date"]
    assert any(one["label"] == "fig" for one in figs)
    dates("annotate", changed, "--instances", "-", stdin=json.dumps(figs))
    assert "uncommitted" in dates.fails("snapshot", "dates")
    dates("commit", "-m", "no date on this one")
    second = dates("snapshot", "dates", "--json").json

    (change,) = dates("diff", "dates@1", "dates@2", "--json").rows
    assert change["path"] == changed
    assert change["labels"] == [["date"], ["fig"]]
    assert second["digest"] != first["digest"]
    assert dates("verify", "dates@1", "--rebuild", "--json").json == {"ok": True, "problems": [], "differences": {}}
    assert dates("verify", "dates@2", "--json").json == {"ok": True, "problems": []}


def test_a_damaged_shard_is_found_and_made_again(project: Dset) -> None:
    taken = project("snapshot", "kinds", "--json").json
    name = next(shard["name"] for shard in taken["splits"]["train"]["shards"] if shard["examples"])
    shard = Path(taken["out"]) / name
    good = shard.read_bytes()
    shard.chmod(0o644)
    shard.write_bytes(good[:-1])

    checked = project.run("verify", "kinds@1", "--json")
    assert checked.code == 1
    assert checked.json["ok"] is False
    assert name in checked.json["problems"][0]
    again = project("snapshot", "kinds", "--json").json
    assert again == taken
    assert shard.read_bytes() == good
    assert project("verify", "kinds@1").out.endswith("all well\n")
