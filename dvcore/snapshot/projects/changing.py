"""Projects made and changed by what people write: a definition that contradicts itself, or does not fit the working
state, is refused before anything is recorded.

Each gives the plan of what the project then holds, for its counts and warnings.
"""

from dataclasses import dataclass
from pathlib import Path

from dvcore.errors import DsetError, ExistsError
from dvcore.model.definition import Definition
from dvcore.repo.project_edits import check_editable, edit_project, remove_project
from dvcore.repo.projects import Project, Url, create_project, list_projects, load_project
from dvcore.repo.repository import Repository
from dvcore.repo.treereader import TreeReader
from dvcore.snapshot.catalog.places import Elsewhere, Place, place_of
from dvcore.snapshot.catalog.snapshots import load_numbered
from dvcore.snapshot.features.faulty_part import in_file, in_part
from dvcore.snapshot.planning.plan import Plan
from dvcore.snapshot.planning.planner import make_plan
from dvcore.snapshot.projects.definition import check_fits, check_project_name
from dvcore.snapshot.projects.options import Options, apply_options
from dvcore.snapshot.projects.toml import parse_definition


@dataclass(frozen=True, slots=True)
class DefinitionFile:
    """A TOML text; `name` is what messages call the file."""

    name: str
    text: str


@dataclass(frozen=True, slots=True)
class Edited:
    """What an edit did. `changed` is False where the project was so already."""

    plan: Plan
    changed: bool


def start_project(repository: Repository, name: str, options: Options, file: DefinitionFile | None = None) -> Plan:
    """Make a project of a file's definition, or of the one that a new project begins with, and options.

    Raises InvalidInputError, ExpressionError, NotFoundError, ExistsError.
    """
    _check_free(repository, name)
    tree = repository.working_tree()
    made = _Change(tree, options, file).apply(Definition())
    plan = make_plan(repository, tree, made)
    create_project(repository, name, made)  # not the plan's definition: what that settles, the first snapshot freezes
    return plan


def duplicate_project(repository: Repository, old: str, new: str, options: Options) -> Plan:
    """Make a project of another one's definition and options. What a snapshot has fixed stays as it was (the shards,
    the bounds of stratified labels, the classes of instances), so that no image changes its split, and no number its
    meaning.

    Raises as `start_project` does.
    """
    definition = load_project(repository, old).definition
    _check_free(repository, new)
    tree = repository.working_tree()
    made = _Change(tree, options).apply(definition)
    plan = make_plan(repository, tree, made)
    create_project(repository, new, made, of=old)
    return plan


def change_project(repository: Repository, name: str, options: Options, file: DefinitionFile | None = None) -> Edited:
    """Change the definition of a project that has no snapshot. The options apply to it as it is when they are recorded,
    so that two at once both count; a file's definition takes its place.

    Raises StateError once there is a snapshot, and as `start_project` does.
    """
    before = load_project(repository, name)
    check_editable(before, list_projects(repository))
    tree = repository.working_tree()
    change = _Change(tree, options, file)
    wanted = change.apply(before.definition)
    plan = make_plan(repository, tree, wanted)
    after = edit_project(repository, name, change.apply)
    if after.definition != wanted:
        plan = make_plan(repository, tree, after.definition)
    return Edited(plan, changed=after.commit != before.commit)


def drop_project(repository: Repository, name: str, *, force: bool = False) -> tuple[Project, list[Path | Url]]:
    """Take a project away, with its snapshots if forced. Gives it as it was, and the folders with files of its
    snapshots, or the URLs: they stay.

    Raises NotFoundError, StateError.
    """
    snapshots = [load_numbered(repository, name, number) for number in load_project(repository, name).snapshots]
    places = [place_of(repository, one) for one in snapshots]
    removed = remove_project(repository, name, force=force)
    return removed, [kept for kept in map(_kept, places) if kept is not None]


def _kept(place: Place | Elsewhere) -> Path | Url | None:
    if isinstance(place, Elsewhere):
        return place.url
    return place.folder if place.folder.is_dir() else None


@dataclass(frozen=True, slots=True)
class _Change:
    """What options, or a file and options, make of a definition, held against a tree."""

    tree: TreeReader
    options: Options
    file: DefinitionFile | None = None

    def apply(self, definition: Definition) -> Definition:
        start = definition if self.file is None else parse_definition(self.file.text, self.file.name)
        changed = apply_options(start, self.options)
        try:
            check_fits(self.tree, changed)
        except DsetError:
            self._check_file(start)
            raise
        return changed

    def _check_file(self, start: Definition) -> None:
        """Where the file itself is at fault, the message names the place in it."""
        if self.file is not None:
            with in_part(self.file.name):
                check_fits(self.tree, start, in_file)


def _check_free(repository: Repository, name: str) -> None:
    """Before the work of planning; the transaction looks again."""
    check_project_name(name)
    if name in list_projects(repository):
        raise ExistsError(f"the project {name!r} exists already", hint="choose another name")
