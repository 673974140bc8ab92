"""Lists of classes that lie beside class folders, as ImageNet's do: `synsets.txt` with a folder's name on each line,
`LOC_synset_mapping.txt` with what it means behind it (`n01440764 tench, Tinca tinca`)."""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Final

from dvcore.errors import InvalidInputError
from dvcore.formats.disk.annotation_files import AnnotationFile, AnnotationFiles
from dvcore.formats.texts.plain_text import decode_text, iter_lines

_NAMES: Final = frozenset(
    {"synsets.txt", "synset_words.txt", "loc_synset_mapping.txt", "words.txt", "labels.txt", "classes.txt"}
)
_LARGEST_BYTES: Final = 16 << 20
_BEHIND: Final = re.compile(r"[\t, ]+")


@dataclass(frozen=True, slots=True)
class ClassList:
    """The classes that there are, in the order of the list: what each means, or nothing where the list does not say so
    of all. `used` counts the files that are read for it, `notes` are for people."""

    names: Mapping[str, str | None]
    used: int = 0
    notes: tuple[str, ...] = field(default=())

    @property
    def meanings(self) -> tuple[str, ...]:
        """All different ones in their order; none where one is missing."""
        said = [name for name in self.names.values() if name is not None]
        return tuple(dict.fromkeys(said)) if len(said) == len(self.names) else ()


def is_class_list_name(name: str) -> bool:
    """Whether a file may be such a list."""
    return name.lower() in _NAMES


def find_class_list(files: AnnotationFiles, classes: Collection[str]) -> ClassList:
    """The first list at the top of the source that has all of these classes; else they are in the order of their code
    points."""
    notes: list[str] = []
    for file in files:
        if len(file.path) > 1:
            continue
        try:
            names = _read(files, file, classes)
        except InvalidInputError as error:
            notes.append(f"{file.where} does not say the order of the classes: it {error.message}")
            continue
        return ClassList(names, 1, (*notes, f"the classes are in the order of {file.where}"))
    return ClassList(dict.fromkeys(sorted(classes)), 0, tuple(notes))


def _read(files: AnnotationFiles, file: AnnotationFile, classes: Collection[str]) -> dict[str, str | None]:
    if file.size > _LARGEST_BYTES:
        raise InvalidInputError("is too large for a list")
    found: dict[str, str | None] = {}
    for _, line in iter_lines(decode_text(files.read(file))):
        name, *behind = [line] if line in classes else _BEHIND.split(line, maxsplit=1)
        if name in classes:
            found.setdefault(name, behind[0] if behind else None)
    missing = sorted(set(classes) - found.keys())
    if missing:
        raise InvalidInputError(f"has no {missing[0]!r}")
    return found
