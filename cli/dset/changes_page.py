"""What changed between two trees, written as a page of HTML."""

from pathlib import Path
from typing import Final

import click

from dset.change_lines import file_details, instance_line
from dset.changes import Changes
from dset.textfiles import write_text
from dvcore.history.annotations import AnnotationChange
from dvcore.history.changes_page import tree_changes_page
from dvcore.history.diff import FileChange
from dvcore.repo.repository import Repository

_SHOWN: Final = 20
"""Instances of a file that are listed; all of them are drawn."""


def write_changes_page(repository: Repository, changes: Changes, title: str, page: Path) -> None:
    """Write the file, and say so.

    Raises CorruptError, StorageError.
    """
    text = tree_changes_page(
        repository,
        title,
        (changes.before, changes.after),
        _describe,
        declarations=changes.declarations,
        definition=changes.definition,
    )
    write_text(page, text)


def _describe(change: FileChange, annotations: AnnotationChange) -> list[str]:
    lines = [file_details(change, annotations), *map(instance_line, annotations.instances[:_SHOWN])]
    more = len(annotations.instances) - _SHOWN
    return [click.unstyle(line) for line in (*lines, f"… and {more:,} more" if more > 0 else "") if line]
