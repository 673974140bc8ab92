"""Tables beside images: which variables they give, of which types, and what is named when a row is wrong."""

import csv
import io
import json
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.sources import imported, put_coco, put_pictures, reasons, records

from dvcore.errors import DsetError, FaultyFilesError, InvalidInputError, NotFoundError
from dvcore.formats.intake.report import ImportReport
from dvcore.model.declarations import VariableDeclaration
from dvcore.model.values import ValueType
from dvcore.repo.repository import Repository
from dvcore.repo.variables import add_variable


@pytest.fixture
def repository() -> Repository:
    return Repository.in_memory()


def taken(repository: Repository, folder: Path, table: str | bytes, **options: Any) -> ImportReport:
    """Import two pictures with a table."""
    put_pictures(folder, "a.png", "b.png")
    (folder / "metadata.csv").write_bytes(table.encode() if isinstance(table, str) else table)
    return imported(repository, folder, **options)


def values(repository: Repository, name: str = "a.png") -> dict[str, Any]:
    return dict(records(repository)[f"nuts/{name}"].variables)


def kinds(repository: Repository) -> dict[str, str]:
    return {one.name: one.type.value for one in repository.working_tree().tree.variables}


def test_columns_are_variables_of_the_types_that_they_look_like(repository: Repository, tmp_path: Path) -> None:
    report = taken(
        repository,
        tmp_path,
        "file_name,ripe,dpi,weight,place,code,mixed\na.png,true,200,1.50,Reute,007,1\nb.png,FALSE,,2,,8,x\n",
    )
    assert values(repository) == {
        "ripe": True,
        "dpi": 200,
        "weight": 1.5,
        "place": "Reute",
        "code": "007",
        "mixed": "1",
    }
    assert values(repository, "b.png") == {"ripe": False, "weight": 2.0, "code": "8", "mixed": "x"}
    assert kinds(repository) == {
        "ripe": "bool",
        "dpi": "int",
        "weight": "float",
        "place": "text",
        "code": "text",
        "mixed": "text",
    }
    assert (report.format, report.reason) == ("csv", "metadata.csv has a column 'file_name'")
    assert "types found in the table: code is text, dpi is int" in reasons(report.notes)
    assert not records(repository)["nuts/a.png"].annotated


@pytest.mark.parametrize(
    ("cell", "kind"),
    [
        ("-7", "int"),
        ("0", "int"),
        ("999999999999999999", "int"),
        ("-9223372036854775808", "int"),
        ("9223372036854775808", "text"),
        ("99999999999999999999", "text"),
        ("9" * 5000, "text"),
        ("1e3", "float"),
        ("-0.5", "float"),
        ("1e999", "text"),
        ("nan", "text"),
        ("1_000", "text"),
        ("٣", "text"),
        ("01", "text"),
        (".5", "text"),
        (" 5", "text"),
        ("yes", "text"),
        ("1,5", "text"),
    ],
)
def test_types_of_cells(repository: Repository, tmp_path: Path, cell: str, kind: str) -> None:
    taken(repository, tmp_path, f'file_name,x\na.png,"{cell}"\n')
    assert kinds(repository) == {"x": kind}


def test_long_numbers_of_one_column_stay_different(repository: Repository, tmp_path: Path) -> None:
    taken(repository, tmp_path, "file_name,id\na.png,12345678901234567890\nb.png,12345678901234567891\n")
    assert values(repository) == {"id": "12345678901234567890"}
    assert values(repository, "b.png") == {"id": "12345678901234567891"}


def test_columns_of_one_name_in_two_normal_forms(repository: Repository, tmp_path: Path) -> None:
    report = taken(repository, tmp_path, "file_name,\u00e9,e\u0301\na.png,1,2\nb.png,3,4\n")
    assert values(repository) == {"\u00e9": 1}
    assert "there are two columns '\u00e9'" in reasons(report.notes)


def test_lines_that_end_in_carriage_returns(repository: Repository, tmp_path: Path) -> None:
    report = taken(repository, tmp_path, "file_name,x\ra.png,1\rb.png,2\r")
    assert report.format == "csv"
    assert (values(repository), values(repository, "b.png")) == ({"x": 1}, {"x": 2})


def test_declared_variables_keep_their_types(repository: Repository, tmp_path: Path) -> None:
    add_variable(repository, VariableDeclaration("dpi", ValueType.FLOAT))
    add_variable(repository, VariableDeclaration("ripe", ValueType.BOOL))
    add_variable(repository, VariableDeclaration("code", ValueType.TEXT))
    add_variable(repository, VariableDeclaration("place", ValueType.ENUM, ("Reute", "Wald")))
    report = taken(repository, tmp_path, "file_name,dpi,ripe,code,place\na.png,200,yes,7,Wald\n")
    assert values(repository) == {"dpi": 200.0, "ripe": True, "code": "7", "place": "Wald"}
    assert "types found" not in reasons(report.notes)


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("a.png,x,", "metadata.csv: line 3: 'x' is no int"),
        ("a.png,,Reutte", "variable 'place' has no choice 'Reutte'"),
        ("a.png,1", "has 2 cells, there are 3 columns"),
        ("a.png,1,Reute,5", "has 4 cells, there are 3 columns"),
        ("c.png,1,Reute", "names 'c.png', which is no image of the source"),
        ("../a.png,1,Reute", "leads out of the folder"),
        ("/a.png,1,Reute", "an absolute path"),
        (",1,Reute", "has '' as its file_name"),
        ("b.png,1,Reute", "names the image of metadata.csv: line 2 again"),
    ],
)
def test_a_faulty_row_stops_the_import_and_is_named(
    repository: Repository, tmp_path: Path, row: str, reason: str
) -> None:
    add_variable(repository, VariableDeclaration("dpi", ValueType.INT))
    add_variable(repository, VariableDeclaration("place", ValueType.ENUM, ("Reute", "Wald")))
    with pytest.raises(FaultyFilesError) as error:
        taken(repository, tmp_path, f"file_name,dpi,place\nb.png,,\n{row}\n")
    assert len(error.value.faults) == 1
    assert str(error.value.faults[0]).startswith("metadata.csv: line 3: ")
    assert reason.removeprefix("metadata.csv: line 3: ") in str(error.value.faults[0])


def test_skipping_bad_rows_leaves_out_their_files(repository: Repository, tmp_path: Path) -> None:
    put_pictures(tmp_path, "c.png")
    add_variable(repository, VariableDeclaration("dpi", ValueType.INT))
    report = taken(repository, tmp_path, "file_name,dpi\na.png,1\nb.png,x\na.png,2\nc.png,3\nd.png,4\n", skip_bad=True)
    assert sorted(records(repository)) == ["nuts/c.png"]
    assert [one.where for one in report.faulty_files] == [f"metadata.csv: line {line}" for line in (3, 4, 6)]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_what_spreadsheets_write(
    repository: Repository, tmp_path: Path, delimiter: str, encoding: str, ending: str
) -> None:
    rows = [["file_name", "place", "note"], ["a.png", "Überlingen", f'two{ending}lines, a {delimiter} and a "quote"']]
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=delimiter, lineterminator=ending).writerows([*rows, ["b.png", "", "x", "", ""]])
    taken(repository, tmp_path, text.getvalue().encode(encoding))
    assert values(repository) == {"place": "Überlingen", "note": rows[1][2]}
    assert values(repository, "b.png") == {"note": "x"}


def test_lines_are_counted_as_an_editor_does(repository: Repository, tmp_path: Path) -> None:
    with pytest.raises(FaultyFilesError) as error:
        taken(repository, tmp_path, 'file_name,x\n\na.png,"one\ntwo\nthree"\nc.png,1\n')
    assert str(error.value.faults[0]).startswith("metadata.csv: line 6: ")


@pytest.mark.parametrize(
    ("table", "reason"),
    [
        (b"name,x\na.png,1\n", "metadata.csv: has no column 'file_name'"),
        (b"", "has no column 'file_name'"),
        (b"file_name,x,x\na.png,1,2\n", "has two columns 'x'"),
        (b"file_name,x\na.png,\xff\n", "is no text in utf-8"),
        (b"\xfffile_name,x\n", "is no text in utf-8"),
        (b'file_name,x\na.png,1\nb.png,"1\n', "is no table: line 3: unexpected end of data"),
        (b'file_name,x\na.png,"1"2\n', "is no table: line 2: "),
        (b'file_name,x\na.png,"' + b"x" * 200_000 + b'"\n', "is no table: line 2: field larger than field limit"),
    ],
)
def test_what_is_no_table_is_refused(repository: Repository, tmp_path: Path, table: bytes, reason: str) -> None:
    with pytest.raises(InvalidInputError) as error:
        taken(repository, tmp_path, table, format="csv", annotations=tmp_path / "metadata.csv")
    assert reason in str(error.value)


def test_columns_that_cannot_be_variables_are_named(repository: Repository, tmp_path: Path) -> None:
    add_variable(repository, VariableDeclaration("Place", ValueType.TEXT))
    report = taken(repository, tmp_path, ",file_name,width,place,x\n0,a.png,12,Reute,1\n")
    assert values(repository) == {"x": 1}
    notes = reasons(report.notes)
    assert "not kept: the column 'width': 'width' cannot be a variable" in notes
    assert "not kept: the column 'place': 'place' differs from the variable 'Place' only in case" in notes
    assert "not kept: the column '': " in notes


def test_a_column_split_is_an_enum(repository: Repository, tmp_path: Path) -> None:
    taken(repository, tmp_path, "file_name,split\na.png,train\nb.png,test\n")
    assert repository.working_tree().variable("split").choices == ("train", "test")
    put_pictures(tmp_path, "c.png")
    (tmp_path / "metadata.csv").write_text("file_name,split\nc.png,val\n")
    imported(repository, tmp_path)
    assert repository.working_tree().variable("split").choices == ("train", "test", "val")


def test_files_are_looked_for_beside_the_table_and_in_images(repository: Repository, tmp_path: Path) -> None:
    put_pictures(tmp_path, "images/a.png", "images/sub/b.png", "c.png")
    (tmp_path / "metadata.csv").write_text("file_name,x\na.png,1\nsub\\b.png,2\n./c.png,3\n")
    imported(repository, tmp_path)
    found = {path: dict(record.variables) for path, record in records(repository).items()}
    assert found == {"nuts/images/a.png": {"x": 1}, "nuts/images/sub/b.png": {"x": 2}, "nuts/c.png": {"x": 3}}


def test_a_table_in_each_of_the_folders(repository: Repository, tmp_path: Path) -> None:
    put_pictures(tmp_path, "train/a.png", "test/a.png")
    (tmp_path / "train/metadata.csv").write_text("file_name,x\na.png,1\n")
    (tmp_path / "test/metadata.csv").write_text("file_name,x\na.png,2.5\n")
    imported(repository, tmp_path)
    assert values(repository, "train/a.png") == {"x": 1.0, "split": "train"}
    assert values(repository, "test/a.png") == {"x": 2.5, "split": "test"}


def test_several_tables_are_named(repository: Repository, tmp_path: Path) -> None:
    put_pictures(tmp_path, "a.png")
    (tmp_path / "sub").mkdir()
    for name in ("one.csv", "sub/one.csv"):
        (tmp_path / name).write_text("file_name,x\na.png,1\n")
    with pytest.raises(InvalidInputError, match=r"belong together: one\.csv, sub/one\.csv; name the one"):
        imported(repository, tmp_path)
    report = imported(repository, tmp_path, annotations=tmp_path / "one.csv")
    assert (report.format, report.passed_over, values(repository)) == ("csv", 1, {"x": 1})


def test_a_table_elsewhere_is_named(repository: Repository, tmp_path: Path) -> None:
    put_pictures(tmp_path / "photos", "a.png")
    (tmp_path / "said.txt").write_text("file_name\tx\na.png\t1\n")
    imported(repository, tmp_path / "photos", format="csv", annotations=tmp_path / "said.txt")
    assert values(repository) == {"x": 1}
    with pytest.raises(NotFoundError, match="there is no annotation file"):
        imported(repository, tmp_path / "photos", format="csv", annotations=tmp_path / "gone.csv")
    with pytest.raises(InvalidInputError, match="has no table with a column 'file_name'"):
        imported(repository, tmp_path / "photos", format="csv")


def test_other_tables_are_passed_over(repository: Repository, tmp_path: Path) -> None:
    put_pictures(tmp_path, "a.png")
    (tmp_path / "train.csv").write_text("image,label\na.png,1\n")
    report = imported(repository, tmp_path)
    assert (report.format, report.passed_over) == ("images", 1)


def test_a_table_changed_is_read_again(repository: Repository, tmp_path: Path) -> None:
    taken(repository, tmp_path, "file_name,x\na.png,1\n")
    report = taken(repository, tmp_path, "file_name,x\na.png,1\nb.png,2\n")
    assert (report.files.completed, values(repository, "b.png")) == (1, {"x": 2})


def test_coco_goes_before_a_table(repository: Repository, tmp_path: Path) -> None:
    put_coco(tmp_path, {"images": [], "annotations": [], "categories": []})
    assert taken(repository, tmp_path, "file_name,x\na.png,1\n").format == "coco"


# Lines of json.


def lines(repository: Repository, folder: Path, *rows: Any, **options: Any) -> ImportReport:
    put_pictures(folder, "a.png", "b.png")
    text = "".join(row if isinstance(row, str) else json.dumps(row) + "\n" for row in rows)
    (folder / "metadata.jsonl").write_text(text)
    return imported(repository, folder, **options)


def test_lines_of_json_keep_their_types(repository: Repository, tmp_path: Path) -> None:
    report = lines(
        repository,
        tmp_path,
        {"file_name": "a.png", "n": 5, "f": 1, "t": "7", "b": True, "none": None, "empty": "", "mixed": 1},
        "\n",
        {"file_name": "b.png", "f": 2.5, "objects": {"bbox": [1]}, "mixed": "x", "huge": 10**30},
    )
    assert values(repository) == {"n": 5, "f": 1.0, "t": "7", "b": True, "mixed": "1"}
    assert values(repository, "b.png") == {"f": 2.5, "mixed": "x"}
    assert kinds(repository) == {"n": "int", "f": "float", "t": "text", "b": "bool", "mixed": "text"}
    assert "not kept: 1 cell of the column 'objects', which hold no plain value" in reasons(report.notes)
    assert "1 cell of the column 'huge'" in reasons(report.notes)
    assert (report.format, report.reason) == ("jsonl", "metadata.jsonl has a column 'file_name'")


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("{]\n", "metadata.jsonl: line 2: is no json"),
        ('{"file_name": "b.png", "x": 1, "x": 2}', "line 2: is no json: an object has 'x' twice"),
        ("[1]\n", "line 2: is no object"),
        ("\x00\n", "line 2: is no json"),
        ('{"x": 1}\n', "line 2: has no file_name"),
        ('{"file_name": 5}\n', "line 2: has 5 as its file_name"),
        ('{"file_name": "\\ud800"}\n', "no valid Unicode"),
        ('{"file_name": "a.png"}', "names the image of metadata.jsonl: line 1 again"),
        ("[" * 100_000 + "\n", "line 2: is nested too deeply"),
    ],
)
def test_a_faulty_line_is_named(repository: Repository, tmp_path: Path, row: str, reason: str) -> None:
    with pytest.raises(FaultyFilesError) as error:
        lines(repository, tmp_path, {"file_name": "a.png"}, row)
    assert reason in reasons(error.value.faults)


def test_a_line_that_never_ends_is_refused(repository: Repository, tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match="a line of more than 1 MiB: line 2"):
        lines(repository, tmp_path, {"file_name": "a.png"}, '"' + "x" * (1 << 20))


# Anything at all.


def is_imported_or_refused(name: str, data: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder, Repository.in_memory() as repository:
        source = put_pictures(Path(folder), "a.png")
        (source / name).write_bytes(data)
        try:
            imported(repository, source, format=name.split(".")[1], annotations=source / name, skip_bad=True)
        except DsetError as error:
            str(error).encode()


cells = st.sampled_from(["a.png", "", "1", "x", "true", '"', "1.5", "\ud800"]) | st.text(max_size=4)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.lists(cells, max_size=4), max_size=4), st.sampled_from(",;\t"), st.binary(max_size=3))
def test_any_csv(rows: list[list[str]], delimiter: str, tail: bytes) -> None:
    text = "\n".join(delimiter.join(row) for row in [["file_name", "x", "ä"], *rows])
    is_imported_or_refused("t.csv", text.encode(errors="surrogatepass") + tail)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(
        st.binary(max_size=20)
        | st.dictionaries(
            st.sampled_from(["file_name", "x", "\ud800"]),
            st.none() | st.floats() | st.integers() | cells | st.lists(cells, max_size=2),
            max_size=3,
        ),
        max_size=4,
    )
)
def test_any_json_lines(rows: list[Any]) -> None:
    is_imported_or_refused(
        "t.jsonl", b"\n".join(row if isinstance(row, bytes) else json.dumps(row).encode() for row in rows)
    )
