"""`dset status`."""

import click

from dset.changes import changes_between, say_changes, say_changes_json
from dset.conflicts import conflict_json, short_parent
from dset.context import open_repository
from dset.merge_report import say_conflicts
from dset.output import counts, say, say_json
from dvcore.history.conflict_paths import Located, list_conflicts
from dvcore.ids import CommitId
from dvcore.repo.ancestry import ahead_and_behind
from dvcore.repo.commits import head_commit
from dvcore.repo.edits import empty_tree
from dvcore.repo.repository import Repository
from dvcore.repo.tracking import list_upstreams
from dvcore.repo.treereader import TreeReader


@click.command("status")
@click.option("--json", "as_json", is_flag=True, help="A JSON object for each change, and for each conflict.")
def command(as_json: bool) -> None:
    """Show what the working state has that the last commit has not, and what a merge left to settle."""
    repository = open_repository()
    branch = repository.branch()
    commit = head_commit(repository)
    committed = empty_tree(repository.draft()) if commit is None else repository.objects.load_commit(commit).tree
    before, after = repository.tree(committed), repository.tree(repository.work(branch))
    conflicts = list_conflicts(after)
    if as_json:
        if before.id != after.id:
            say_changes_json(changes_between(before, after))
        for path, one in conflicts:
            say_json({"change": "conflict", **conflict_json(after, path, one)})
        return
    say(f"branch {branch}" if commit else f"branch {branch}, no commit yet")
    _say_upstreams(repository, branch, commit)
    if after.tree.merging is not None:
        _say_merge(after, conflicts)
    if before.id == after.id:
        say("nothing to commit")
        return
    say_changes(changes_between(before, after), limit=20)


def _say_upstreams(repository: Repository, branch: str, commit: CommitId | None) -> None:
    """How the branch stands to those of its name on remotes, where it differs from what was last seen of them."""
    for ref in list_upstreams(repository, branch):
        ahead, behind = ahead_and_behind(repository.objects, commit, ref.commit)
        if ahead or behind:
            say(f"{counts([(ahead, 'ahead'), (behind, 'behind')])} {ref.revision}")


def _say_merge(reader: TreeReader, conflicts: Located) -> None:
    other = short_parent(reader)
    say(f"merging {other}" if other else "bringing a change in")
    if conflicts:
        say_conflicts(reader, conflicts)
    else:
        say("all conflicts are settled; 'dset commit' ends the merge, 'dset merge --abort' gives it up")
