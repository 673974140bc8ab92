"""`dset sql`, and `--where` on the commands that mean a set of files."""

import json
import os
import pty
import sys
from pathlib import Path

import pytest
from support.bounded import in_child
from support.command import Dset

WALNUT = "nuts/walnut/00.png"
LARGE = "has('walnut', area > 12)"


@pytest.fixture
def large(nuts: Dset) -> Dset:
    """One of the walnuts is larger than the others."""
    given = [{"label": "walnut", "box": [0, 0, 10, 8], "attributes": {"pose": "left", "crowd": True}}]
    nuts("annotate", WALNUT, "--instances", "-", stdin=json.dumps(given))
    return nuts


def test_sql_gives_columns_separated_by_tabs(nuts: Dset) -> None:
    text = "SELECT directory, count(*) AS n, NULL AS none, 1.5 AS half FROM files GROUP BY directory"
    assert nuts("sql", text).out == ("directory\tn\tnone\thalf\nnuts/almond\t6\t\t1.5\nnuts/walnut\t6\t\t1.5\n")


def test_sql_gives_an_object_a_row(large: Dset) -> None:
    text = "SELECT path, file, area, attributes FROM files JOIN instances USING (file) WHERE area > 12"
    (row,) = large("sql", text, "--json").rows
    shown = large("show", WALNUT, "--json").json
    assert row == {"path": WALNUT, "file": shown["id"], "area": 80.0, "attributes": '{"crowd":true,"pose":"left"}'}


def test_columns_of_one_name_keep_both_values(nuts: Dset) -> None:
    assert nuts("sql", "SELECT 1 AS a, 2 AS a, 3 AS a_2, 4 AS a", "--json").json == {
        "a": 1,
        "a_2": 2,
        "a_2_2": 3,
        "a_3": 4,
    }


def test_json_has_no_infinite_numbers(nuts: Dset) -> None:
    assert nuts("sql", "SELECT 9e999 AS a", "--json").out == '{"a":null}\n'


def test_sql_of_a_revision(large: Dset) -> None:
    text = "SELECT max(area) AS most FROM instances"
    assert large("sql", text, "--json").json == {"most": 80.0}
    assert large("sql", text, "--at", "HEAD", "--json").json == {"most": 12.0}
    assert "'nowhere'" in large.fails("sql", text, "--at", "nowhere")


def test_sql_with_a_limit(nuts: Dset) -> None:
    assert len(nuts("sql", "SELECT path FROM files", "--limit", "2", "--json").rows) == 2
    assert nuts("sql", "SELECT path FROM files", "--limit", "0").out == "path\n"


def test_signs_of_a_text_do_not_reach_the_terminal(nuts: Dset) -> None:
    nuts("variable", "add", "remark", "--type", "text")
    nuts("annotate", WALNUT, "--set", "remark=a\tb\n\x1b[31mred")
    found = nuts("sql", "SELECT remark FROM files WHERE remark IS NOT NULL")
    assert found.out == "remark\na\\tb\\n\\x1b[31mred\n"


@pytest.mark.parametrize("text", ["DELETE FROM files", "SELECT load_extension('x')", "SELECT nme FROM files", "SELECT"])
def test_sql_that_is_refused(nuts: Dset, text: str) -> None:
    nuts.fails("sql", text)
    assert nuts("ls", "--count").json == 12


def test_sql_on_a_terminal_is_a_table(nuts: Dset, tmp_path: Path) -> None:
    nuts("variable", "add", "remark", "--type", "text")
    nuts("annotate", WALNUT, "--set", "remark=[bold]loud[/bold]")
    shown = tmp_path / "shown"

    def run() -> None:
        os.environ.update(TERM="dumb", COLUMNS="100", NO_COLOR="1")
        os.chdir(nuts.folder)
        text = "SELECT path, remark, bytes FROM files WHERE remark IS NOT NULL"
        pty.spawn([str(Path(sys.executable).parent / "dset"), "sql", text], lambda fd: keep(os.read(fd, 1024)))

    def keep(data: bytes) -> bytes:
        with shown.open("ab") as file:
            file.write(data)
        return data

    assert in_child(run) == 0
    header, *_, row = [line for line in shown.read_text().splitlines() if line.strip()]
    assert header.split() == ["path", "remark", "bytes"]
    assert row.split()[:2] == [WALNUT, "[bold]loud[/bold]"]


def test_where_picks_by_instances(large: Dset) -> None:
    assert [row["path"] for row in large("ls", "--where", LARGE, "--json").rows] == [WALNUT]
    large("mirror", "nuts", "mirrored", "--where", LARGE)
    large("copy", "nuts", "copied", "--where", "EXISTS (SELECT 1 FROM instances WHERE attribute('pose') = 'left')")
    assert large("ls", "mirrored", "--count").json == large("ls", "copied", "--count").json == 1
    large("annotate", "/", "--where", f"{LARGE} AND directory = 'copied/walnut'", "--set", "label=almond")
    assert large("ls", "--where", "label = 'almond' AND has('walnut')", "--count").json == 1


def test_remove_takes_files_that_an_expression_holds_for(large: Dset) -> None:
    large("mirror", "nuts/walnut", "others")
    said = large("remove", "nuts", "--where", LARGE).out
    assert said.startswith("removed from nuts: 1 file entry\n")
    assert large("ls", "nuts/walnut", "--count").json == 5
    assert large("ls", "others", "--count").json == 6
    large("remove", "/", "--where", LARGE)
    assert large("ls", "others", "--count").json == 5
    assert "files of" in large("undo").out
    assert large("remove", "nuts", "--where", "width < 0").out.startswith("removed from nuts: 0 file entries")
    assert large("ls", "--count").json == 11 + 6
    assert "cannot be removed" in large.fails("remove", "/")


def test_a_text_that_no_file_has_is_pointed_out_once(nuts: Dset) -> None:
    nuts("variable", "add", "location", "--type", "text")
    nuts("annotate", "nuts", "--set", "location=Reute")
    found = nuts("ls", "--where", "location IN ('Reute', 'Reuet')", "--count")
    assert (found.out, found.err.count("warning")) == ("12\n", 1)
    assert "no file has location = 'Reuet'; did you mean 'Reute'?" in found.err
    assert nuts("mirror", "nuts", "x", "--where", "location = 'Reuet'").err.count("warning") == 1
    assert nuts("ls", "--where", "location = 'Reute'").err == ""
