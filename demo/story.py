"""The story: from a folder of images to two snapshots and what differs between them."""

import os
from dataclasses import dataclass
from pathlib import Path

from shell import CommandError, Shell

FIXED = "to-check"
"""The directory that mirrors one class, for whoever checks its labels."""
PURPOSE = "surfaces"
"""The directory that holds copies, to be annotated for another purpose."""


@dataclass(frozen=True, slots=True)
class Subject:
    """What the story is about: the name of its first directory, its images on disk, and their boxes if any."""

    name: str
    folder: Path
    boxes: Path | None = None


def tell(shell: Shell, subject: Subject, read: Path) -> None:
    """Run all commands of the story. `read` is the script that reads a snapshot with TensorFlow.

    Raises CommandError where one fails.
    """
    shell.heading("An empty repository")
    shell.dset("init")
    classes = _bring_in(shell, subject)
    first, second = classes[:2]
    _look(shell, subject, first)
    _mirror_and_copy(shell, subject, first)
    shell.dset("status")
    shell.dset("commit", "-m", f"{subject.name}, and surfaces to be annotated")
    _snapshot(shell, subject, classes)
    _relabel(shell, subject, first, second)
    _compare(shell, read)


def _bring_in(shell: Shell, subject: Subject) -> list[str]:
    """Import; the classes, the largest first."""
    source = os.path.relpath(subject.folder, shell.folder)
    if subject.boxes is None:
        shell.heading("Images in, the folders' names as their labels; files that are no images stay out")
        shell.dset("import", source, "--to", subject.name, "--format", "folders", "--skip-bad")
    else:
        shell.heading("Images in, the folders' names as their labels")
        shell.dset("import", source, "--to", subject.name, "--format", "folders")
        shell.heading("The boxes of the same images")
        boxes = os.path.relpath(subject.boxes, shell.folder)
        shell.dset("import", source, "--to", subject.name, "--format", "coco", "--annotations", boxes)
    images: dict[str, int] = {}
    for file in shell.rows("ls", subject.name, "-R", "--json"):
        label = file["variables"]["label"]
        images[label] = images.get(label, 0) + 1
    if len(images) < 2:
        raise CommandError(f"{subject.folder} has images of {len(images)} classes, and the story needs two")
    return sorted(images, key=lambda label: -images[label])


def _look(shell: Shell, subject: Subject, label: str) -> None:
    shell.heading("What is there")
    shell.dset("ls", subject.name)
    shell.dset("ls", subject.name, "--where", f"{_is(label)} AND width >= 100", "--count")
    if subject.boxes:
        shell.dset("ls", subject.name, "--where", f"has({_text(label)}) AND NOT {_is(label)}")
        shell.dset("ls", subject.name, "--where", "count() >= 4", "--count")


def _mirror_and_copy(shell: Shell, subject: Subject, label: str) -> None:
    shell.heading("A mirror: the same files in a second directory, for whoever checks this class")
    shell.dset("mirror", subject.name, FIXED, "--where", _is(label))
    shell.heading("A copy: new files over the same bytes, without instances, to be annotated for another purpose")
    shell.dset("copy", subject.name, PURPOSE, "--without-instances", "--without-variables", "label")
    shell.dset("variable", "add", "surface", "--type", "enum", "--choices", "wood,linen,slate,paper,other")
    if subject.boxes:
        for surface in ("wood", "linen", "slate", "paper"):
            shell.dset("annotate", PURPOSE, "--set", f"surface={surface}", "--where", f"name LIKE '%{surface}%'")
    else:
        shell.dset("annotate", PURPOSE, "--set", "surface=other", "--done")
    shell.dset("ls", PURPOSE, "-R")


def _snapshot(shell: Shell, subject: Subject, classes: list[str]) -> None:
    shell.heading("A project: which images, which labels, which pixels")
    labels = [option for name in sorted(classes) for option in ("--label", f"{name.replace('=', '-')}={_is(name)}")]
    pixels = ("--color", "rgb", "--downsample", "both:96x96", "--shards", "8")
    shell.dset("project", "create", "classes", "--directory", subject.name, *labels, *pixels)
    shell.heading("A snapshot: TFRecords that come out of this commit byte for byte the same, today and in a year")
    shell.dset("snapshot", "classes")


def _relabel(shell: Shell, subject: Subject, old: str, new: str) -> None:
    shell.heading("Labels corrected in the mirror are corrected in the first directory: they are the same files")
    paths = [file["path"] for file in shell.rows("ls", FIXED, "-R", "--json")]
    shell.dset("annotate", *paths[: max(1, min(3, len(paths) // 4))], "--set", f"label={new}")
    shell.dset("ls", subject.name + paths[0].removeprefix(FIXED))
    shell.dset("diff")
    shell.dset("commit", "-m", f"some were {new}, not {old}")
    shell.heading("A second snapshot: only the shards of these images are written")
    shell.dset("snapshot", "classes")


def _compare(shell: Shell, read: Path) -> None:
    shell.heading("What changed for a model from one snapshot to the other")
    shell.dset("diff", "classes@1", "classes@2")
    shell.heading("Made anew from the commit, without any cache, and compared with what was written")
    shell.dset("verify", "classes@2", "--rebuild")
    shell.heading("TensorFlow reads it")
    shell.python(os.path.relpath(read, shell.folder), "classes@2")
    shell.heading("What was done; 'dset undo' takes the newest back")
    shell.dset("log")


def _is(label: str) -> str:
    return f"label = {_text(label)}"


def _text(value: str) -> str:
    """A text in an expression: quotes in it are doubled."""
    return "'" + value.replace("'", "''") + "'"
