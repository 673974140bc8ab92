"""`dset annotate` for people and scripts: options, JSON lines, what is said."""

import json
from typing import Any

import pytest
from support.command import Dset

WALNUT = "nuts/walnut/00.png"
ALMOND = "nuts/almond/06.png"
BOX = {"label": "shell", "box": [1, 1, 2, 2]}


def lines(*items: dict[str, Any]) -> str:
    return "".join(f"{json.dumps(item)}\n" for item in items)


def labels(dset: Dset, path: str) -> list[str]:
    return sorted(one["label"] for one in dset("show", path, "--json").json["instances"])


def test_adding_instances_of_a_file_and_of_standard_input(nuts: Dset) -> None:
    (nuts.folder / "more.json").write_text(json.dumps([BOX]))
    said = nuts("annotate", WALNUT, "--add-instances", "more.json").out
    assert said == "1 file: 1 changed\ninstances: 1 added\nnew label: shell\n"
    assert nuts("annotate", WALNUT, "--add-instances", "-", stdin=json.dumps([BOX])).out == "1 file: 0 changed\n"
    assert labels(nuts, WALNUT) == ["shell", "walnut"]


def test_relabelling_with_a_filter(nuts: Dset) -> None:
    said = nuts("annotate", "nuts", "--relabel", "walnut=almond", "--where", "name < '03'").out
    assert said == "3 files: 3 changed\ninstances: 3 changed\n"
    assert nuts("ls", "nuts", "--where", "has('almond')", "--count").json == 9
    said = nuts("annotate", "/", "--remove-label", "walnut", "--remove-label", "almond").out
    assert said == "12 files: 12 changed\ninstances: 12 removed\n"


def test_removing_one_instance(nuts: Dset) -> None:
    (one,) = nuts("show", WALNUT, "--json").json["instances"]
    nuts("annotate", "nuts", "--remove-instance", one["id"])
    assert (labels(nuts, WALNUT), labels(nuts, ALMOND)) == ([], ["almond"])
    assert nuts.fails("annotate", "nuts", "--remove-instance", one["id"]).startswith("dset: none of the files has")
    assert "is no id" in nuts.fails("annotate", "nuts", "--remove-instance", one["id"][:12])


def test_a_dry_run_says_the_counts(nuts: Dset) -> None:
    said = nuts("annotate", "nuts", "--relabel", "walnut=oak", "--dry-run").out
    assert said == "12 files: 6 would change\ninstances: 6 changed\nnew label: oak\n"
    assert nuts("status", "--json").out == ""
    assert nuts("operations").out.splitlines()[0].endswith("twelve nuts")


def test_json_lines_change_each_file_in_its_own_way(nuts: Dset) -> None:
    almond = nuts("show", ALMOND, "--json").json
    said = nuts(
        *("annotate", "--from-json", "-"),
        stdin=lines(
            {"path": WALNUT, "set": {"label": "almond"}, "add": [BOX]},
            {"id": almond["id"], "unset": ["label"], "remove": [almond["instances"][0]["id"]]},
            {"path": "nuts/walnut/01.png", "instances": [], "done": True},
        )
        + "\n",
    ).out
    assert said == "3 files: 3 changed\ninstances: 1 added, 2 removed\nnew label: shell\n"
    shown = nuts("show", WALNUT, "--json").json
    assert (shown["variables"], labels(nuts, WALNUT)) == ({"label": "almond"}, ["shell", "walnut"])
    assert (nuts("show", ALMOND, "--json").json["variables"], labels(nuts, ALMOND)) == ({}, [])
    assert nuts("operations").out.splitlines()[0].endswith("annotate: as standard input says")
    nuts("undo")
    assert nuts("show", ALMOND, "--json").json == almond


def test_what_show_prints_can_be_given_back_as_a_line(nuts: Dset) -> None:
    shown = nuts("show", WALNUT, "--json").json
    line = {"path": shown["path"], "instances": shown["instances"], "set": shown["variables"]}
    (nuts.folder / "back.jsonl").write_text(lines(line))
    nuts("annotate", "--from-json", "back.jsonl")
    assert nuts("show", WALNUT, "--json").json == shown


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("{", "line 2 of standard input is no JSON"),
        ("[1]", "line 2 of standard input is no JSON object"),
        ("[" * 100_000, "line 2 of standard input is no JSON"),
        ({"path": WALNUT}, "line 2 of standard input says nothing to change"),
        ({"set": {}}, "line 2 of standard input names its file not at all or twice"),
        ({"path": WALNUT, "id": "0" * 64, "done": True}, "names its file not at all or twice"),
        ({"path": WALNUT, "sett": {"label": "almond"}}, "has the unknown key 'sett'; known are path, id, set"),
        ({"path": 7, "done": True}, "line 2 of standard input: its path is no text"),
        ({"path": "a/../b", "done": True}, "line 2 of standard input: 'a/../b': '..' cannot be a name"),
        ({"id": "12", "done": True}, "line 2 of standard input: '12' is no id"),
        ({"path": WALNUT, "set": ["label"]}, 'line 2 of standard input: "set" is not {NAME: VALUE, …}'),
        ({"path": WALNUT, "set": {"label": None}}, 'neither text nor number nor true nor false; "unset" takes'),
        ({"path": WALNUT, "unset": "label"}, 'line 2 of standard input: "unset" is no list of texts'),
        ({"path": WALNUT, "remove": [7]}, 'line 2 of standard input: "remove" is no list of texts'),
        ({"path": WALNUT, "remove": ["7"]}, "line 2 of standard input: '7' is no id"),
        ({"path": WALNUT, "done": 1}, 'line 2 of standard input: "done" is neither true nor false'),
        ('{"path": "a", "add": [], "add": []}', "line 2 of standard input has the key 'add' twice"),
        ('{"path": "a", "add": [{"label": "x", "label": "y"}]}', "line 2 of standard input has the key 'label' twice"),
        ({"path": WALNUT, "set": {"u\u0308": "a", "\u00fc": "b"}}, "line 2 of standard input: it sets '\u00fc' twice"),
        ({"path": WALNUT, "set": {"label": 2**70}}, "line 2 of standard input: a number of 71 bits does not fit"),
        ({"path": WALNUT, "set": {"label": "\ud800"}}, r"line 2 of standard input: '\ud800' cannot be a value"),
        ({"path": WALNUT, "set": {"\ud800": "a"}}, r"line 2 of standard input: '\ud800' cannot be a name"),
        ({"path": WALNUT, "unset": ["\ud800"]}, r"line 2 of standard input: '\ud800' cannot be a name"),
        ({"path": WALNUT, "add": {}}, "'add' in line 2 of standard input holds no list of instances"),
        ({"path": WALNUT, "add": [BOX, {"label": "x"}]}, "instance 2 of 'add' in line 2 of standard input"),
        ({"path": WALNUT, "set": {"label": "fig"}}, "line 2 of standard input: variable 'label' has no choice 'fig'"),
        ({"path": "nuts/no.png", "done": True}, "line 2 of standard input: no file or directory 'no.png' in 'nuts'"),
        (
            {"path": WALNUT, "add": [{"label": "x", "box": [1, 1, 50, 2]}]},
            "line 2 of standard input: an instance of 'x'",
        ),
    ],
)
def test_a_line_at_fault_is_named_and_nothing_is_done(nuts: Dset, line: object, message: str) -> None:
    text = line if isinstance(line, str) else json.dumps(line)
    first = json.dumps({"path": WALNUT, "set": {"label": "almond"}})
    assert message in nuts.fails("annotate", "--from-json", "-", stdin=f"{first}\n{text}\n")
    assert nuts("status", "--json").out == ""


def test_files_that_cannot_be_read(nuts: Dset) -> None:
    assert nuts.fails("annotate", "--from-json", "no.jsonl") == "dset: cannot read no.jsonl: No such file or directory"
    (nuts.folder / "latin.jsonl").write_bytes(b'{"path": "\xfc"}\n')
    assert nuts.fails("annotate", "--from-json", "latin.jsonl") == "dset: latin.jsonl is no text in UTF-8"


@pytest.mark.parametrize(
    "arguments",
    [
        "annotate",
        "annotate nuts",
        "annotate nuts --from-json x.jsonl",
        "annotate --from-json x.jsonl --where true",
        "annotate --from-json x.jsonl --done",
        "annotate nuts --relabel walnut",
        "annotate nuts --relabel walnut=a --relabel walnut=b",
        "annotate nuts --instances x.json --clear-instances",
        "annotate nuts --instances - --add-instances -",
    ],
)
def test_calls_that_make_no_sense(nuts: Dset, arguments: str) -> None:
    nuts.fails(*arguments.split(), code=2)


def test_a_text_that_is_nearly_another_is_noted(nuts: Dset) -> None:
    nuts("variable", "add", "location", "--type", "text")
    assert nuts("annotate", "nuts/walnut", "--set", "location=Reute").err == ""
    said = nuts("annotate", "nuts/almond", "--set", "location=Reuet")
    assert said.err == "no file had location = 'Reuet' until now; 'Reute' is that of 6 files\n"
    assert said.out == "6 files: 6 changed\n"
    assert nuts("annotate", "nuts/almond", "--set", "location=Ulm").err == ""
    assert "did you mean 'walnut'" in nuts.fails("annotate", "nuts", "--set", "label=wallnut")
