"""What commands say of labels and splits."""

import pytest
from support.command import Dset

WALNUTS = ("--label", "walnut=label = 'walnut'", "--label", "almond=label = 'almond'")
TESTED = ("--split", "train=1", "--split-where", "test=location = 'Reute'")


@pytest.fixture
def placed(nuts: Dset) -> Dset:
    """Two walnuts and an almond of Reute; four of no location."""
    nuts("variable", "add", "location", "--type", "text")
    reute = [f"nuts/{name}.png" for name in ("walnut/00", "walnut/01", "almond/06")]
    nuts("annotate", "nuts", "--set", "location=Elzach", "--where", "name >= '04.png'")
    nuts("annotate", *reute, "--set", "location=Reute")
    nuts("commit", "-m", "locations")
    return nuts


def test_a_project_and_its_snapshot_show_the_same_balance(placed: Dset) -> None:
    made = placed("project", "create", "p", *WALNUTS, *TESTED)
    table = ["            train 1    test 0", "all images        9         3"]
    table += ["walnut            4         2", "almond            5         1"]
    assert made.out.splitlines()[1:5] == table
    assert "2 images are undecided by the splits: 'location' is not set" in made.err
    for command in (("snapshot", "p", "--dry-run"), ("snapshot", "p"), ("project", "show", "p")):
        shown = placed(*command)
        assert "\n".join(table) in shown.out
        assert "in brackets" not in shown.out
        assert "2 images are undecided by the splits" in shown.err


def test_a_table_with_deviations_explains_them(placed: Dset) -> None:
    made = placed("project", "create", "p", *WALNUTS, "--group-by", "location", "--split", "a=0.5", "--split", "b=0.5")
    assert "(-" in made.out
    assert "in brackets: more or fewer than the ratios give" in made.out
    assert "2 images have no 'location': each goes by itself" in made.err


def test_the_same_as_json(placed: Dset) -> None:
    placed("project", "create", "p", *WALNUTS, *TESTED)
    for command in (("project", "show", "p", "--json"), ("snapshot", "p", "--dry-run", "--json")):
        found = placed(*command).json
        assert found["undecided"] == [{"by": "splits", "unset": ["location"], "images": 2}]
        assert found["balance"][3] == {
            "label": "walnut", "split": "test", "images": 2, "filtered": 2, "wanted": 2.0, "unusual": False,
        }  # fmt: skip
        assert [(row["label"], row["split"], row["images"]) for row in found["balance"]] == [
            (None, "train", 9), (None, "test", 3),
            ("walnut", "train", 4), ("walnut", "test", 2),
            ("almond", "train", 5), ("almond", "test", 1),
        ]  # fmt: skip


def test_a_torn_group_stops_the_snapshot_and_names_files(placed: Dset) -> None:
    torn = ("--split", "train=1", "--split-where", "test=name = '00.png'")
    made = placed("project", "create", "p", *WALNUTS, *torn, "--group-by", "location")
    assert "files of one 'location' are in two splits: 'Reute' (" in made.err
    stopped = placed.run("snapshot", "p")
    assert stopped.code == 1
    assert (
        "files of one 'location' would land in two splits: 'Reute' "
        "(train: nuts/almond/06.png, nuts/walnut/01.png; test: nuts/walnut/00.png)"
    ) in stopped.err
