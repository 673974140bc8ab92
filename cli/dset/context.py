"""What every command starts from: the folder, the repository in it, and who runs the command."""

import os
import pwd
from pathlib import Path
from typing import Any

import click

from dset.state import State
from dvcore.errors import InvalidInputError
from dvcore.repo.layout import Layout, find_layout
from dvcore.repo.repository import Repository


def open_repository(author: str | None = None) -> Repository:
    """The repository of the current command, open for its time."""
    context = click.get_current_context()
    layout = find_layout(_folder(context))
    return context.with_resource(Repository.open(layout.root, author=author or _author(layout)))


def on_disk(path: Path) -> Path:
    """A path that the current command was given, seen from its folder."""
    return _folder(click.get_current_context()) / path


def _folder(context: click.Context) -> Path:
    state: State = context.obj
    return state.folder


def system_author() -> str:
    """`DSET_AUTHOR`, or who the system says that runs this."""
    return os.environ.get("DSET_AUTHOR") or _system_author()


def _author(layout: Layout) -> str:
    return os.environ.get("DSET_AUTHOR") or _configured_author(layout) or _system_author()


def _configured_author(layout: Layout) -> str | None:
    if not layout.config.is_file():
        return None
    text = layout.config.read_text("utf-8", errors="replace")
    # Most repositories configure nothing, and the parser is a noticeable part of a short command.
    identity = _read_table(text, "identity", layout.config) if "identity" in text else {}
    author = identity.get("author")
    if author is not None and not isinstance(author, str):
        raise InvalidInputError(f"{layout.config}: identity.author is no text", hint='write "Name <mail>"')
    return author


def _system_author() -> str:
    try:
        name = pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        name = f"user-{os.getuid()}"
    return f"{name} <{name}@{os.uname().nodename}>"


def _read_table(text: str, name: str, where: Path) -> dict[str, Any]:
    from tomllib import TOMLDecodeError, loads  # noqa: PLC0415 - see the one caller

    try:
        table = loads(text).get(name, {})
    except TOMLDecodeError as error:
        raise InvalidInputError(f"{where}: {error}", hint="mend the file") from None
    if not isinstance(table, dict):
        raise InvalidInputError(f"{where}: {name!r} is no table", hint=f"write [{name}]")
    return table
