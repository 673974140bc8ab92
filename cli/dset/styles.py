"""Colours, on a terminal only, and not where `NO_COLOR` is set (no-color.org)."""

import os
import sys

import click


def styled(text: str, color: str | None = None, *, bold: bool = False) -> str:
    """The text as a terminal shows it in a colour; as it is where it goes elsewhere."""
    return click.style(text, fg=color, bold=bold or None) if is_colored() else text


def is_colored() -> bool:
    """Whether the current command's output is: a pager says so for the terminal that it writes to."""
    if os.environ.get("NO_COLOR"):
        return False
    context = click.get_current_context(silent=True)
    told = None if context is None else context.color
    return sys.stdout.isatty() if told is None else told
