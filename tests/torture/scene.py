"""The repository that every part starts from, and the kinds of commands that are run on it."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from support.datasets import drawn
from support.noise import noise

PICTURES = 10
"""In each of the two class folders."""
_LABELS = ("--label", "walnut=label = 'walnut'", "--label", "almond=label = 'almond'")

CONFLICTING = ("merge", "theirs")
"""Leaves conflicts, and so ends with exit code 1."""

Dset = Callable[..., None]
"""Runs a command that must succeed."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A command to be killed in, and what has to be done before it."""

    name: str
    arguments: tuple[str, ...]
    setup: tuple[tuple[str, ...], ...] = ()


@dataclass(frozen=True, slots=True)
class Sources:
    """Folders to import from."""

    root: Path

    def folder(self, name: str) -> str:
        return str(self.root / name)

    def make(self) -> None:
        """Write them all."""
        for kind, first in (("walnut", 0), ("almond", PICTURES)):
            self._draw(f"photos/{kind}", first, PICTURES)
        self._draw("more", 40, 8)
        self._draw("other/walnut", 60, PICTURES, names_from=0)
        self._write_boxes()
        big = noise(3 << 20, "big")
        self._write("bins/big.bin", big)
        self._write("bins/small.bin", noise(5_000, "small"))
        self._write("bins2/big2.bin", big[: 1 << 20] + b"inserted" + big[1 << 20 :])

    def _draw(self, folder: str, first: int, number: int, names_from: int | None = None) -> None:
        for offset in range(number):
            name = (first if names_from is None else names_from) + offset
            self._write(f"{folder}/{name:03d}.png", drawn(first + offset, size=(60, 50)))

    def _write(self, name: str, data: bytes) -> None:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)

    def _write_boxes(self) -> None:
        names = sorted(path.relative_to(self.root / "photos") for path in (self.root / "photos").rglob("*.png"))
        coco = {
            "images": [{"id": n, "file_name": str(one), "width": 60, "height": 50} for n, one in enumerate(names)],
            "annotations": [
                {"id": n, "image_id": n, "category_id": n % 2, "bbox": [1, 2, 30, 20]} for n in range(len(names))
            ],
            "categories": [{"id": 0, "name": "kernel"}, {"id": 1, "name": "shell"}],
        }
        self._write("boxes.json", json.dumps(coco).encode())


def build(dset: Dset, sources: Sources) -> None:
    """Everything that a repository can hold: chunks, boxes, commits, a project, a snapshot, a branch, a tag, undone
    operations and uncommitted work."""
    photos, boxes = sources.folder("photos"), sources.folder("boxes.json")
    dset("init")
    dset("import", photos, "--to", "nuts", "--format", "folders")
    dset("import", photos, "--to", "nuts", "--annotations", boxes)
    dset("import", sources.folder("bins"), "--to", "bins", "--format", "files")
    dset("commit", "-m", "first")
    dset("project", "create", "kinds", "--directory", "nuts", *_LABELS, "--shards", "2")
    dset("snapshot", "kinds")
    dset("variable", "add", "checked", "--type", "bool")
    dset("annotate", "nuts/walnut", "--set", "checked=true")
    dset("commit", "-m", "checked")
    dset("tag", "v1")
    dset("branch", "side")
    dset("mkdir", "kept")
    dset("mirror", "nuts", "all")
    dset("undo")


def iter_kinds(sources: Sources, commands: frozenset[str]) -> Iterator[Kind]:
    """One of each kind, of those whose command there is."""
    for kind in _all_kinds(sources):
        if kind.arguments[0] in commands:
            yield kind


def _all_kinds(sources: Sources) -> Iterator[Kind]:
    photos, boxes = sources.folder("photos"), sources.folder("boxes.json")
    more = sources.folder("more")
    annotate = ("annotate", "nuts/almond", "--set", "checked=true")
    redone = ("import", more, "--to", "gone")
    yield Kind("import", ("import", more, "--to", "nuts/new"))
    yield Kind("import of chunks", ("import", sources.folder("bins2"), "--to", "bins", "--format", "files"))
    yield Kind("import again", ("import", photos, "--to", "nuts", "--format", "folders"))
    yield Kind("import with boxes", ("import", photos, "--to", "boxed", "--annotations", boxes))
    replaced = ("import", sources.folder("other"), "--to", "nuts", "--format", "images", "--on-existing", "replace")
    yield Kind("import replacing", replaced)
    yield Kind("annotate", annotate)
    yield Kind("annotate instances", ("annotate", "nuts", "--clear-instances"))
    yield Kind("commit", ("commit", "-m", "torture"), setup=(annotate,))
    yield Kind("mirror", ("mirror", "nuts", "mirrored"))
    yield Kind("copy", ("copy", "nuts", "copied", "--without-instances"))
    yield Kind("move", ("move", "nuts/walnut", "moved"))
    yield Kind("remove", ("remove", "nuts/almond"))
    yield Kind("mkdir", ("mkdir", "made/here"))
    yield Kind("variable", ("variable", "add", "dpi", "--type", "int"))
    yield Kind("project", ("project", "create", "two", "--directory", "nuts", *_LABELS))
    first = ("project", "create", "two", "--directory", "nuts", *_LABELS, "--shards", "2")
    yield Kind("snapshot", ("snapshot", "two", "--at", "HEAD"), setup=(first,))
    changed = (("import", more, "--to", "nuts/walnut", "--set", "label=walnut"), ("commit", "-m", "more"))
    yield Kind("snapshot sharing", ("snapshot", "kinds"), setup=changed)
    yield Kind("undo", ("undo",))
    yield Kind("redo", ("redo",))
    yield Kind("branch", ("branch", "other", "HEAD"))
    yield Kind("branch deleted", ("branch", "-d", "side"))
    yield Kind("switch", ("switch", "side"))
    yield Kind("tag", ("tag", "v2"))
    forked = _forked(("annotate", "nuts/walnut", "--unset", "checked"), ("copy", "nuts", "copied"))
    yield Kind("merge", ("merge", "theirs"), setup=forked)
    clashing = _forked(("annotate", "nuts/walnut", "--set", "checked=false"), ("remove", "nuts/walnut"))
    yield Kind("merge with conflicts", CONFLICTING, setup=clashing)
    yield Kind("resolve", ("resolve", "/", "--theirs"), setup=(*clashing, CONFLICTING))
    yield Kind("merge given up", ("merge", "--abort"), setup=(*clashing, CONFLICTING))
    yield Kind("query", ("ls", "-R", "--where", "has('shell')", "--count"))
    yield Kind("fsck", ("fsck",))
    yield Kind("gc", ("gc",), setup=(redone, ("undo",)))
    yield Kind("gc of all", ("gc", "--keep-operations", "0d"), setup=(redone, ("undo",), ("remove", "bins")))


def _forked(ours: tuple[str, ...], theirs: tuple[str, ...]) -> tuple[tuple[str, ...], ...]:
    """Each of two branches has done something since they parted."""
    return (
        ("commit", "-m", "parting"),
        ("branch", "theirs"),
        ours,
        ("commit", "-m", "ours"),
        ("switch", "theirs"),
        theirs,
        ("commit", "-m", "theirs"),
        ("switch", "main"),
    )
