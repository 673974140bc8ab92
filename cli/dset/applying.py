"""What `revert` and `cherry-pick` share: their options."""

from collections.abc import Callable
from typing import Any

import click

Command = Callable[..., Any]

_OPTIONS = (
    click.option("-m", "--message", help="Instead of the message that says what was done."),
    click.option(
        "--parent", type=click.IntRange(min=1), metavar="N", help="Which parent of a merge it is compared with."
    ),
    click.option(
        "--strategy",
        type=click.Choice(["ours", "theirs", "union"]),
        help="What becomes of conflicts: this branch's side, the other one, both as far as can be.",
    ),
    click.option("--author", metavar="'NAME <MAIL>'", help="Who does it."),
    click.option("--json", "as_json", is_flag=True, help='{"commit","conflicts":[…]}'),
)


def change_options(command: Command) -> Command:
    """The options of a command that brings what a commit did into the branch."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command
