"""`dset branch`."""

import click

from dset.context import open_repository
from dset.output import counts, say, say_json
from dvcore.ids import format_id, format_short
from dvcore.repo.ancestry import ahead_and_behind
from dvcore.repo.branches import Branch, create_branch, delete_branch, list_branches, rename_branch
from dvcore.repo.repository import Repository
from dvcore.repo.revisions import HEAD, resolve_commit
from dvcore.repo.tracking import TrackedRef, list_remote_branches


@click.command("branch")
@click.argument("name", required=False)
@click.argument("revision", required=False)
@click.option("-d", "--delete", is_flag=True, help="Delete the branch NAME.")
@click.option("-m", "--rename", is_flag=True, help="Give the branch NAME, or the current one, another name.")
@click.option("--force", is_flag=True, help="Delete it with uncommitted work, or commits that nothing else leads to.")
@click.option("-a", "--all", "everywhere", is_flag=True, help="List branches of remotes, too, as they were last seen.")
@click.option("--json", "as_json", is_flag=True, help="List as JSON, an object a line.")
def command(
    name: str | None, revision: str | None, delete: bool, rename: bool, force: bool, everywhere: bool, as_json: bool
) -> None:
    """List branches, or start the branch NAME at REVISION (HEAD); 'branch --rename [OLD] NEW' renames one.

    The list says how many commits each has that the current one has not (ahead), and the other way round (behind).
    """
    repository = open_repository()
    if name is None:
        if delete or rename:
            raise click.UsageError("name the branch")
        _list(repository, everywhere=everywhere, as_json=as_json)
    elif everywhere:
        raise click.UsageError("--all lists branches")
    elif delete and rename:
        raise click.UsageError("--delete excludes --rename")
    elif delete:
        _delete(repository, name, revision, force=force)
    elif rename:
        old, new = (repository.branch(), name) if revision is None else (name, revision)
        rename_branch(repository, old, new)
        say(f"the branch {old} is now {new}")
    else:
        _create(repository, name, HEAD if revision is None else revision)


def _list(repository: Repository, *, everywhere: bool, as_json: bool) -> None:
    branches = list_branches(repository)
    here = next((one.commit for one in branches if one.is_current), None)
    for one in [*branches, *(_as_branch(ref) for ref in list_remote_branches(repository) if everywhere)]:
        ahead, behind = ahead_and_behind(repository.objects, one.commit, here)
        if as_json:
            commit = None if one.commit is None else format_id(one.commit)
            state = {"current": one.is_current, "uncommitted": one.has_uncommitted, "ahead": ahead, "behind": behind}
            say_json({"branch": one.name, "commit": commit, **state})
        else:
            say(_line(one, ahead, behind))


def _as_branch(ref: TrackedRef) -> Branch:
    return Branch(f"{ref.remote}/{ref.branch}", ref.commit, is_current=False, has_uncommitted=False)


def _line(branch: Branch, ahead: int, behind: int) -> str:
    commit = format_short(branch.commit) if branch.commit else "no commit yet"
    parts = [
        f"{'*' if branch.is_current else ' '} {branch.name}",
        commit + (" + work" if branch.has_uncommitted else ""),
    ]
    if ahead or behind:
        parts.append(counts([(ahead, "ahead"), (behind, "behind")]))
    return "  ".join(parts)


def _delete(repository: Repository, name: str, revision: str | None, *, force: bool) -> None:
    if revision is not None:
        raise click.UsageError("one branch at a time")
    delete_branch(repository, name, force=force)
    say(f"deleted the branch {name}")


def _create(repository: Repository, name: str, revision: str) -> None:
    with repository.writing():  # what is found is not collected before it has its name
        commit = resolve_commit(repository, revision)
        create_branch(repository, name, commit)
    say(f"branch {name} at {format_short(commit)}; 'dset switch {name}' goes there")
