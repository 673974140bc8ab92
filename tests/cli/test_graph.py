"""The graph that is drawn is the one that there is: lines are followed down from each commit and have to end at its
parents."""

from hypothesis import given
from support.histories import History, histories

from dset.graph import Graph
from dvcore.ids import CommitId

NODES = "*o"


def named(place: int) -> CommitId:
    return CommitId(bytes([place]))


def drawn(history: History) -> list[str]:
    """All commits, the newest first, each with two lines of text."""
    graph = Graph()
    rows: list[str] = []
    for place in reversed(range(len(history))):
        rows += graph.rows(named(place), [named(parent) for parent in history[place][1]], [f"={place}", "=and more"])
    return rows


def at(rows: list[str], row: int, column: int) -> str:
    return rows[row][column] if row < len(rows) and 0 <= column < len(rows[row]) else " "


def followed(rows: list[str], row: int, column: int) -> set[int]:
    """Rows of the commits that the lines down from a place lead to."""
    found: set[int] = set()
    below = row + 1
    if at(rows, below, column) in NODES:
        found.add(below)
    elif at(rows, below, column) == "|":
        found |= followed(rows, below, column)
    if at(rows, below, column + 1) == "\\":
        found |= followed(rows, below, column + 2)
    if at(rows, below, column - 1) == "/":
        left = column - 1
        while at(rows, below, left - 2) == "_":
            left -= 2
        found |= followed(rows, below, left - 1)
    return found


def edges(rows: list[str]) -> dict[int, set[int]]:
    lines = [row.partition("=")[0] for row in rows]
    nodes = [number for number, line in enumerate(lines) if set(line) & set(NODES)]
    places = {number: int(rows[number].partition("=")[2]) for number in nodes}
    found = {}
    for number, place in places.items():
        column = next(column for column, sign in enumerate(lines[number]) if sign in NODES)
        found[place] = {places[row] for row in followed(lines, number, column)}
    return found


@given(histories(most=10))
def test_lines_lead_to_the_parents(history: History) -> None:
    assert edges(drawn(history)) == {place: set(parents) for place, (_, parents) in enumerate(history)}


def test_how_it_looks() -> None:
    history: History = [(0, []), (1, [0]), (2, [0]), (3, [1, 2]), (4, [2]), (5, [3, 4])]
    graph = Graph()
    rows: list[str] = []
    for place in reversed(range(len(history))):
        rows += graph.rows(named(place), [named(one) for one in history[place][1]], [str(place)])
    assert rows == [
        "*    5",
        "|\\",
        "| *  4",
        "* |   3",
        "|\\ \\",
        "| |/",
        "| *  2",
        "* |  1",
        "|/",
        "*  0",
    ]


def test_what_is_passed_over_leaves_its_line() -> None:
    graph = Graph()
    assert list(graph.rows(named(3), [named(2)], ["3"])) == ["*  3"]
    assert list(graph.pass_over(named(2), [named(1)])) == []
    assert list(graph.rows(named(1), [], ["1"])) == ["*  1"]


def test_a_parent_that_came_too_early_gets_no_line() -> None:
    graph = Graph()
    list(graph.rows(named(3), [named(2), named(1)], []))
    list(graph.rows(named(1), [], []))
    assert list(graph.rows(named(2), [named(1)], ["2"])) == ["*  2"]
