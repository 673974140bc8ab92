"""Options that say which images of a project a command means, and the images."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import wraps
from typing import Any

import click

from dvcore.ids import FileId
from dvcore.model.names import Path, parse_path
from dvcore.repo.projects import load_project
from dvcore.repo.repository import Repository
from dvcore.repo.treereader import TreeReader

Command = Callable[..., Any]


@dataclass(frozen=True, slots=True)
class Viewed:
    """What `--project` and the options beside it ask for."""

    project: str
    label: str | None
    feature: str | None
    split: str | None
    unlabelled: bool
    conflicting: bool

    def iter_files(self, repository: Repository, reader: TreeReader, under: Path) -> Iterator[tuple[Path, FileId]]:
        """The images of the project's plan for a tree that are at or under a path, by path."""
        # 40 ms with SQLite, which only --project needs
        from dvcore.snapshot.planning.planner import make_plan  # noqa: PLC0415
        from dvcore.snapshot.projects.viewing import Images, find_images  # noqa: PLC0415

        images = Images.CONFLICTING if self.conflicting else Images.UNLABELLED if self.unlabelled else Images.TAKEN
        plan = make_plan(repository, reader, load_project(repository, self.project).definition)
        for one in find_images(plan, images, label=self.label, feature=self.feature, split=self.split):
            path = parse_path(one.path)
            if path[: len(under)] == under:
                yield path, one.file


def view_options(command: Command) -> Command:
    """`--project` and what narrows it down; the command gets them as one argument, `viewed`, None without a project."""

    @wraps(command)
    def called(*arguments: Any, project: str | None, **given: Any) -> Any:
        own = {name: given.pop(name) for name in ("label", "feature", "split", "unlabelled", "conflicting")}
        return command(*arguments, **given, viewed=_viewed(project, own))

    decorated: Command = called
    for option in reversed(_OPTIONS):
        decorated = option(decorated)
    return decorated


_OPTIONS = (
    click.option("--project", metavar="P", help="What the project P takes of the revision."),
    click.option("--label", metavar="L", help="With --project: only what its label L holds."),
    click.option("--feature", metavar="F", help="With --label: the label of that feature."),
    click.option("--split", metavar="S", help="With --project: only what its split S holds."),
    click.option("--unlabelled", is_flag=True, help="With --project: what it leaves out since no label holds it."),
    click.option("--conflicting", is_flag=True, help="With --project: what more than one label of a feature holds."),
)


def _viewed(project: str | None, given: dict[str, Any]) -> Viewed | None:
    if project is None and any(given.values()):
        named = next(name for name, value in given.items() if value)
        raise click.UsageError(f"--{named} goes with --project")
    if given["feature"] and not (given["label"] or given["conflicting"]):
        raise click.UsageError("--feature goes with --label or --conflicting")
    if given["unlabelled"] and (given["label"] or given["split"] or given["conflicting"]):
        raise click.UsageError("--unlabelled excludes --label, --split and --conflicting: such images have neither")
    return None if project is None else Viewed(project, **given)
