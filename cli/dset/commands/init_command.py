"""`dset init`."""

from pathlib import Path

import click

from dset.context import allows_network_fs, on_disk
from dset.identity import find_author
from dset.output import say
from dvcore.repo.repository import Repository


@click.command("init")
@click.argument("directory", required=False, default=".", type=click.Path(file_okay=False, path_type=Path))
def command(directory: Path) -> None:
    """Make a new, empty repository in DIRECTORY, with the branch 'main'."""
    allowed = allows_network_fs()
    with Repository.init(on_disk(directory), author=find_author(), allow_network_fs=allowed) as repository:
        assert repository.layout is not None, "it was made on disk"
        say(f"made an empty repository in {repository.layout.folder}")
