"""What every command starts from: the folder, the repository in it, and who runs the command."""

from functools import partial
from pathlib import Path
from typing import Any

import click

from dset.identity import checked_author, find_author
from dset.state import State
from dvcore.errors import InvalidInputError
from dvcore.remote.absence.asking import ask_remotes
from dvcore.repo.layout import Layout, find_layout
from dvcore.repo.repository import Repository


def open_repository(author: str | None = None) -> Repository:
    """The repository of the current command, open for its time."""
    context = click.get_current_context()
    layout = find_layout(_folder(context))
    settings = _settings(layout)
    allowed = allows_network_fs() or _is_allowed(settings, layout.config)
    author = find_author(author, partial(_configured_author, settings, layout.config))
    repository = context.with_resource(Repository.open(layout.root, author=author, allow_network_fs=allowed))
    repository.provider = ask_remotes
    return repository


def on_disk(path: Path) -> Path:
    """A path that the current command was given, seen from its folder."""
    return _folder(click.get_current_context()) / path


def _folder(context: click.Context) -> Path:
    state: State = context.obj
    return state.folder


def allows_network_fs() -> bool:
    """Whether the current command was told to use a repository on a network file system."""
    state: State = click.get_current_context().obj
    return state.allow_network_fs


def _settings(layout: Layout) -> str:
    return layout.config.read_text("utf-8", errors="replace") if layout.config.is_file() else ""


def _is_allowed(settings: str, where: Path) -> bool:
    allowed = _find_setting(settings, "storage", "allow-network-fs", where)
    if allowed is not None and not isinstance(allowed, bool):
        raise InvalidInputError(f"{where}: storage.allow-network-fs is neither true nor false")
    return bool(allowed)


def _configured_author(settings: str, where: Path) -> str | None:
    author = _find_setting(settings, "identity", "author", where)
    if author is not None and not isinstance(author, str):
        raise InvalidInputError(f"{where}: identity.author is no text", hint='write "Name <mail>"')
    return checked_author(author, f"{where}: identity.author") if author and author.strip() else None


def _find_setting(settings: str, table: str, name: str, where: Path) -> object:
    # Most repositories configure nothing, and then nothing has to be parsed.
    return _read_table(settings, table, where).get(name) if table in settings else None


def _read_table(text: str, name: str, where: Path) -> dict[str, Any]:
    from tomllib import TOMLDecodeError, loads  # noqa: PLC0415 - 3 ms, which only a configuration needs

    try:
        table = loads(text).get(name, {})
    except TOMLDecodeError as error:
        raise InvalidInputError(f"{where}: {error}", hint="mend the file") from None
    if not isinstance(table, dict):
        raise InvalidInputError(f"{where}: {name!r} is no table", hint=f"write [{name}]")
    return table
