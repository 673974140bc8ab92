"""`dset push`."""

from collections.abc import Mapping

import click

from dset.context import open_repository
from dset.output import read_option, say_json
from dset.progress import shown_progress
from dset.push_report import push_json, say_push
from dset.remotes import remote_of
from dvcore.errors import InvalidInputError, NotFoundError, StateError
from dvcore.ids import CommitId, parse_id
from dvcore.remote.absence.passing_on import absent_source
from dvcore.remote.exchange.naming_refs import own_refs, select_refs
from dvcore.remote.exchange.push import PushRef, push
from dvcore.remote.exchange.refs import list_tracked
from dvcore.remote.settings import Remote
from dvcore.repo.repository import Repository
from dvcore.repo.revisions import resolve_commit


@click.command("push")
@click.argument("remote", required=False)
@click.argument("names", metavar="[WHAT]...", nargs=-1)
@click.option("--all", "everything", is_flag=True, help="Every branch, tag, project and snapshot.")
@click.option("--delete", is_flag=True, help="Take WHAT away from the remote, if it is there what we last saw.")
@click.option(
    "--force-with-lease", is_flag=True, help="Move what would not go forward, if it is what we last saw there."
)
@click.option(
    "--expect",
    "expected",
    multiple=True,
    metavar="WHAT=COMMIT",
    help="With one of these two: what it has to be there, instead of what we last saw.",
)
@click.option("--with-shards", is_flag=True, help="The TFRecords of the snapshots, too.")
@click.option("--unsafe-no-cas", is_flag=True, help="Push to a store that cannot compare and swap: nobody else may.")
@click.option("--json", "as_json", is_flag=True, help='{"remote","refs":[…],"commits","blobs","bytes","packs",…}')
def command(
    remote: str | None,
    names: tuple[str, ...],
    everything: bool,
    delete: bool,
    force_with_lease: bool,
    expected: tuple[str, ...],
    with_shards: bool,
    unsafe_no_cas: bool,
    as_json: bool,
) -> None:
    """Send WHAT (branches, tags, projects with their snapshots; the current branch) to REMOTE (the only one, 'origin').

    Branches and projects only go forward, tags and snapshots stay: where somebody else was faster, nothing is done, and
    'dset pull' comes first. What is sent becomes visible in one step.
    """
    if everything and names:
        raise click.UsageError("--all leaves nothing to name")
    if delete and (everything or not names):
        raise click.UsageError("name the remote, and what to delete on it")
    if expected and not (delete or force_with_lease):
        raise click.UsageError("--expect goes with --force-with-lease or --delete")
    repository = open_repository()
    chosen = _remote(repository, remote)
    seen = list_tracked(repository, chosen.name)
    refs: dict[str, CommitId | None] = {}
    if delete:
        refs |= dict.fromkeys(select_refs(seen, names, chosen.name))
    else:
        refs |= _selected(repository, names, everything=everything)
    leases = _leases(repository, refs, seen, expected) if delete or force_with_lease else None
    report = push(
        repository,
        chosen.open(),
        chosen.name,
        [PushRef(ref, commit) for ref, commit in refs.items()],
        leases=leases,
        is_unsafe=unsafe_no_cas or chosen.is_unsafe,
        with_shards=with_shards,
        absent=absent_source(repository),
        progress=shown_progress(),
    )
    if as_json:
        say_json(push_json(repository, report))
    else:
        asked = "everything" if everything else ", ".join(names) or repository.branch()
        say_push(repository, report, asked, "blob" if with_shards else "image")


def _remote(repository: Repository, name: str | None) -> Remote:
    """`dset push main` is a likely slip where there is one remote."""
    try:
        return remote_of(repository, name)
    except NotFoundError as error:
        if name is None or f"heads/{name}" not in own_refs(repository):
            raise
        raise NotFoundError(error.message, hint=f"'dset push origin {name}' pushes what is called so") from None


def _selected(repository: Repository, names: tuple[str, ...], *, everything: bool) -> dict[str, CommitId]:
    """Raises StateError where the current branch has no commit yet."""
    own = own_refs(repository)
    if everything:
        return own
    current = f"heads/{repository.branch()}"
    if not names and current not in own:
        raise StateError(f"the branch {repository.branch()!r} has no commit yet", hint="'dset commit' makes one")
    return select_refs(own, names, "the repository") if names else {current: own[current]}


def _leases(
    repository: Repository, refs: dict[str, CommitId | None], seen: Mapping[str, CommitId], expected: tuple[str, ...]
) -> dict[str, CommitId | None]:
    """What each ref has to be on the remote: what was last seen, or what the option says."""
    leases = {ref: seen.get(ref) for ref in refs}
    for name, text in read_option("--expect", expected, "WHAT=COMMIT").items():
        leases |= dict.fromkeys(select_refs(refs, [name], "what is pushed"), _commit(repository, text))
    return leases


def _commit(repository: Repository, text: str) -> CommitId:
    """A commit that need not be here."""
    try:
        return CommitId(parse_id(text))
    except InvalidInputError:
        return resolve_commit(repository, text)
