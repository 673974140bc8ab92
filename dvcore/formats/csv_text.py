"""Lines of CSV tables, RFC 4180 but for the line feed alone at their ends."""

import csv
from collections.abc import Iterable
from io import StringIO


def format_row(cells: Iterable[str]) -> str:
    """The line of a row, quoted where it must be."""
    line = StringIO(newline="")
    csv.writer(line, lineterminator="\n").writerow(cells)
    return line.getvalue()
