"""The workloads that are more than the shared steps: starting up, and what dset does alone."""

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from tools import Dset, Tool
from workloads import Turns

_STARTS: Final = 5
"""Starts in one repetition: they take a tenth of a second, so one alone says little."""

VERSION: Final = "version"
HELP: Final = "help"
STATUS: Final = "status"
PASSED_THROUGH: Final = "snapshot, bytes passed through"
_CHANGED_LABELS: Final = 10


def start(turns: Turns, tools: Sequence[Tool]) -> None:
    """How long the shortest commands take, in an empty repository: mostly the start of a program."""
    for number in range(_STARTS * turns.number, _STARTS * (turns.number + 1)):
        for tool in tools:
            if commands := tool.version():
                turns.time(tool, VERSION, commands, number=number)
            if isinstance(tool, Dset):
                turns.time(tool, HELP, ("dset --help",), number=number)
                turns.time(tool, STATUS, ("dset -C repository status",), number=number)


def boxes(turns: Turns, dset: Tool) -> None:
    """Images and annotations in one import, into an empty repository."""
    coco = "dset -C repository import ../data --to photos --format coco"
    turns.time(dset, "images and boxes in, commit", (coco, "dset -C repository commit -m boxes"))


def everyday(turns: Turns, dset: Tool) -> None:
    """A directory of the same files: all of them, and those that an expression holds for; labels; status."""
    _fill(dset)
    repository = "dset -C repository"
    turns.time(dset, STATUS, (f"{repository} status",))
    turns.time(dset, "mirror of all", (f"{repository} mirror photos all",))
    chosen = '''--where "label IN ('class01', 'class02')"'''
    turns.time(dset, "mirror of a fifth, by label", (f"{repository} mirror photos some {chosen}",))
    turns.time(dset, "commit of the mirrors", (f"{repository} commit -m mirrors",))
    turns.time(dset, "annotate 10, by path", (_annotate(dset, "class00"),))
    turns.time(dset, "commit of the 10", (f"{repository} commit -m labels",))


def snapshots(turns: Turns, dset: Tool) -> None:
    """TFRecords: the bytes as they are; reduced to jpeg, then again after ten labels changed; reduced to png."""
    _fill(dset)
    _snapshot(turns, dset, "pass", PASSED_THROUGH)
    size = "--color rgb --downsample both:256x256"
    _snapshot(turns, dset, "jpeg", "snapshot, 256x256 jpeg", f"{size} --encoding jpeg")
    dset.place.do(_annotate(dset, "class09"))
    dset.place.do("dset -C repository commit -m labels")
    again = ("dset -C repository snapshot jpeg",)
    turns.time(dset, "snapshot, 256x256 jpeg, 10 labels changed", again)
    _snapshot(turns, dset, "png", "snapshot, 256x256 png", size)


OWN: Final[Mapping[str, Callable[[Turns, Tool], None]]] = {
    "boxes": boxes,
    "everyday": everyday,
    "snapshots": snapshots,
}
"""dset's workloads by name; each begins with a fresh copy of the images and an empty repository."""


def _fill(dset: Tool) -> None:
    for command in dset.first():
        dset.place.do(command)


def _snapshot(turns: Turns, dset: Tool, project: str, step: str, options: str = "") -> None:
    labels = " ".join(f"--label \"{name}=label = '{name}'\"" for name in _classes(dset))
    create = f"dset -C repository project create {project} --directory photos --shards 16 {labels} {options}"
    dset.place.do(create)
    turns.time(dset, step, (f"dset -C repository snapshot {project}",))


def _classes(dset: Tool) -> list[str]:
    return sorted(path.name for path in (dset.place.folder / "data").iterdir() if path.is_dir())


def _annotate(dset: Tool, label: str) -> str:
    paths = " ".join(f"photos/{name}" for name in dset.place.changed[:_CHANGED_LABELS])
    return f"dset -C repository annotate {paths} --set label={label}"
