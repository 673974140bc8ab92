from dvcore import errors
from dvcore.errors import DsetError, ExpressionError, Fault, FaultyFilesError, NotFoundError, nearest_hint


def all_kinds(root: type[DsetError]) -> list[type[DsetError]]:
    return [root, *(kind for under in root.__subclasses__() for kind in all_kinds(under))]


def test_every_error_has_a_kind_of_its_own() -> None:
    kinds = [kind.kind for kind in all_kinds(DsetError)]
    assert len(set(kinds)) == len(kinds)


def test_the_tree_is_drawn_as_it_is() -> None:
    drawing = errors.__doc__ or ""
    for error in all_kinds(DsetError)[1:]:
        assert f'"{error.kind}"' in next(line for line in drawing.splitlines() if f" {error.__name__} " in line)


def test_an_error_reads_as_one_line_with_its_hint() -> None:
    assert str(NotFoundError("no directory 'nusts'", hint="did you mean 'nuts'?")) == (
        "no directory 'nusts'; did you mean 'nuts'?"
    )
    assert str(NotFoundError("no directory 'nusts'")) == "no directory 'nusts'"


def test_an_expression_error_points_at_its_column() -> None:
    error = ExpressionError("expected a value", expression="dpi =", column=6)
    assert (error.column, error.expression) == (6, "dpi =")
    assert "column 6 of 'dpi ='" in str(error)


def test_faulty_files_are_all_named() -> None:
    faults = [Fault("a.jpg", "is empty"), Fault("b.jpg", "is cut off")]
    assert [str(fault) for fault in FaultyFilesError("2 files", faults).faults] == [
        "a.jpg: is empty",
        "b.jpg: is cut off",
    ]


def test_the_nearest_name_is_suggested_and_no_far_one() -> None:
    assert nearest_hint("nusts", ["dogs", "nuts"]) == "did you mean 'nuts'?"
    assert nearest_hint("zebra", ["dogs", "nuts"]) is None
    assert nearest_hint("zebra", []) is None
