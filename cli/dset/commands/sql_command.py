"""`dset sql`."""

import sys
from itertools import islice
from typing import Final

import click

from dset.context import open_repository
from dset.output import note
from dset.sql_rows import say_json_rows, say_plain_rows, say_table_rows
from dvcore.repo.revisions import resolve_revision

_ON_A_TERMINAL: Final = 1_000
"""Rows that a table shows where nobody says how many: its widths take all of them."""


@click.command("sql")
@click.argument("query")
@click.option("--at", "revision", metavar="REV", default="WORK", help="Ask this revision, not the working state.")
@click.option("--limit", type=click.IntRange(min=0), metavar="N", help="At most N rows.")
@click.option("--json", "as_json", is_flag=True, help="A JSON object for each row.")
def command(query: str, revision: str, limit: int | None, as_json: bool) -> None:
    """Ask with SQL: one SELECT over the tables 'files' (a row for each path), 'instances' and 'attributes'.

    \b
    dset sql "SELECT directory, count(*) FROM files GROUP BY directory"
    dset sql "SELECT label, avg(area) FROM instances GROUP BY label" --at v1

    Rows are a table on a terminal and lines of columns separated by tabs elsewhere. Nothing can be changed.
    """
    from dvcore.query import query_sql  # noqa: PLC0415 - 18 ms with SQLite, not for --help

    repository = open_repository()
    answer = query_sql(repository, repository.tree(resolve_revision(repository, revision).tree), query)
    is_table = sys.stdout.isatty() and not as_json
    most = _ON_A_TERMINAL if limit is None and is_table else limit
    rows = islice(answer.rows, most)
    if as_json:
        say_json_rows(answer.columns, rows)
    elif is_table:
        say_table_rows(answer.columns, rows)
    else:
        say_plain_rows(answer.columns, rows)
    if limit is None and most is not None and next(answer.rows, None) is not None:
        note(f"there are more than {most:,} rows; --limit N shows N of them")
