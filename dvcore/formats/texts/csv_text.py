"""Lines of CSV tables, RFC 4180 but for the line feed alone at their ends."""

import csv
from collections.abc import Iterable
from io import StringIO


def format_row(cells: Iterable[str]) -> str:
    """The line of a row, quoted where it must be."""
    line = StringIO(newline="")
    csv.writer(line, lineterminator="\r\n").writerow(cells)  # it quotes cells that have one of these two
    return f"{line.getvalue()[:-2]}\n"
