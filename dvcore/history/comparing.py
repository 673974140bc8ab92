"""What people name to be compared: revisions, directories and files of revisions, projects."""

from dataclasses import dataclass, replace

from dvcore.errors import NotFoundError
from dvcore.history.entry_changes import Side
from dvcore.ids import CommitId
from dvcore.model.definition import Definition
from dvcore.model.names import ROOT, Path, parse_path
from dvcore.repo.projects import list_projects, load_project
from dvcore.repo.repository import Repository
from dvcore.repo.revisions import Revision, resolve_revision, split_revision


@dataclass(frozen=True, slots=True)
class Compared:
    """One side of a comparison, and the text that named it. `snapshot` is the project and number of a whole snapshot;
    `definition` is that of a commit in a project's chain; `is_project` where it was a project that was named."""

    text: str
    side: Side
    snapshot: tuple[str, int] | None = None
    definition: Definition | None = None
    is_project: bool = False


def resolve_compared(repository: Repository, before: str, after: str | None) -> tuple[Compared, Compared]:
    """The two sides. A project stands for the newest commit of its chain; two of them differ in what they define, not
    in the files that there were when somebody did. Where `after` is left out, it is the working state, and the same
    directory of it.

    A path may be missing on one side, where the other has it: everything in it came or went. Raises NotFoundError with
    the nearest name, InvalidInputError.
    """
    old = _resolve(repository, before)
    new = _resolve(repository, after) if after is not None else _working(repository, old.side.path)
    for one, other in ((old, new), (new, old)):
        if one.side.entry is None and not (one.side.path == other.side.path and other.side.entry is not None):
            one.side.reader.entry(one.side.path)  # raises
    return (replace(old, side=new.side) if old.is_project and new.is_project else old), new


def _resolve(repository: Repository, text: str) -> Compared:
    if ":" in text:
        revision, path = split_revision(repository, text)
        return Compared(text, Side(repository.tree(revision.tree), path))
    try:
        revision = resolve_revision(repository, text)
    except NotFoundError as error:
        if text not in list_projects(repository):
            if not text or repository.working_tree().find_entry(parse_path(text)) is None:
                raise
            raise NotFoundError(error.message, hint=f"'HEAD:{text}' is the path of that name") from None
        return replace(_of_commit(repository, text, load_project(repository, text).commit), is_project=True)
    return _of_revision(repository, revision)


def _working(repository: Repository, path: Path) -> Compared:
    text = "WORK" if path == ROOT else "WORK:" + "/".join(path)
    return Compared(text, Side(repository.working_tree(), path))


def _of_revision(repository: Repository, revision: Revision) -> Compared:
    if revision.commit is None:
        return Compared(revision.text, Side(repository.tree(revision.tree)))
    found = _of_commit(repository, revision.text, revision.commit)
    return Compared(found.text, found.side, revision.snapshot, found.definition)


def _of_commit(repository: Repository, text: str, id_: CommitId) -> Compared:
    commit = repository.objects.load_commit(id_)
    return Compared(text, Side(repository.tree(commit.tree)), definition=commit.definition)
