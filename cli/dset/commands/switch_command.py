"""`dset switch`."""

import click

from dset.context import open_repository
from dset.output import say
from dvcore.repo.branches import switch_branch


@click.command("switch")
@click.argument("branch")
def command(branch: str) -> None:
    """Make BRANCH the current one. Each branch keeps its own uncommitted work."""
    switch_branch(open_repository(), branch)
    say(f"on branch {branch}")
