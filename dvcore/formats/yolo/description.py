"""Finds the files in which a YOLO data set describes itself, among its text files, and reads them."""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path as FolderPath
from typing import Final

from dvcore.errors import InvalidInputError, NotFoundError
from dvcore.formats.disk.annotation_files import AnnotationFile, AnnotationFiles
from dvcore.formats.disk.peeking import first_bytes
from dvcore.formats.disk.steady import opened_steady
from dvcore.formats.texts.yaml_files import MAX_BYTES
from dvcore.formats.wording import format_place, format_reason
from dvcore.formats.yolo.config import YAML_SUFFIXES, Config, read_darknet, read_data_yaml, read_names
from dvcore.formats.yolo.layout import ends_of
from dvcore.model.names import ROOT, Path

_NAMES_SUFFIX: Final = ".names"
_DARKNET_SUFFIX: Final = ".data"
_CLASSES: Final = "classes.txt"
_HINT: Final = "name what describes the data set with --annotations"
DESCRIPTION_SUFFIXES: Final = (*YAML_SUFFIXES, _DARKNET_SUFFIX, _NAMES_SUFFIX)


@dataclass(frozen=True, slots=True)
class Description:
    """`where` is what messages call it, `folder` what its paths are relative to. `used` are the files of the source
    that it was read from; `state` is that of a file that was named, when it was read."""

    config: Config
    where: str = "the data set"
    folder: Path = ROOT
    used: frozenset[Path] = frozenset()
    state: bytes | None = None


def is_description(name: str) -> bool:
    """Whether a file of this name may describe a data set."""
    return name.lower() == _CLASSES or name.lower().endswith(DESCRIPTION_SUFFIXES)


def describes(place: FolderPath) -> bool:
    """Whether a file of such a name does describe a data set, by its first bytes."""
    try:
        return _parser(place.name)(first_bytes(place)) is not None
    except InvalidInputError:
        return False


def read_named(place: FolderPath) -> Description:
    """The description in a file that was named.

    Raises NotFoundError where there is none, InvalidInputError where it describes no data set.
    """
    where = format_place(place.name)
    try:
        with opened_steady(os.fspath(place)) as (file, state):
            config = _parser(place.name)(file.read(MAX_BYTES + 1))
    except (FileNotFoundError, NotADirectoryError):
        raise NotFoundError(f"there is no annotation file {format_place(place)!r}") from None
    except (OSError, ValueError) as error:
        raise InvalidInputError(f"{format_place(place)!r} cannot be read: {format_reason(error)}") from None
    except InvalidInputError as error:
        raise InvalidInputError(f"{where} {error.message}") from None
    if config is None:
        raise InvalidInputError(f"{where} describes no YOLO data set: it has neither names nor nc")
    return Description(config, where, state=state)


def find_description(files: AnnotationFiles) -> Description:
    """The description that the source holds: its `data.yaml`, else `obj.data`, else `obj.names`, else `classes.txt`.

    Raises InvalidInputError where there are several of a kind that differ.
    """
    held = [file for file in files if is_description(file.path[-1])]
    for suffixes in (YAML_SUFFIXES, (_DARKNET_SUFFIX,), (_NAMES_SUFFIX,), (_CLASSES,)):
        found = _one(files, [file for file in held if file.path[-1].lower().endswith(suffixes)])
        if found is not None:
            return _with_names(files, found, held)
    return Description(Config())


def _one(files: AnnotationFiles, held: Sequence[AnnotationFile]) -> Description | None:
    """What files of one kind say, if they are descriptions, and say the same."""
    configs = {file: config for file in held if (config := _config(files, file)) is not None}
    if not configs:
        return None
    first, *others = configs
    if any(configs[other] != configs[first] for other in others):
        raise InvalidInputError(
            f"the data set is described by several files: {', '.join(file.where for file in configs)}",
            hint="name one with --annotations",
        )
    return Description(configs[first], first.where, first.path[:-1], frozenset(file.path for file in configs))


def _config(files: AnnotationFiles, file: AnnotationFile) -> Config | None:
    try:
        return _parser(file.path[-1])(files.read(file))
    except InvalidInputError as error:
        raise InvalidInputError(f"{file.where} {error.message}", hint=_HINT) from None


def _with_names(files: AnnotationFiles, found: Description, held: Sequence[AnnotationFile]) -> Description:
    """The description with the names in the file that it leads to, or in the only one that there is."""
    if found.config.names is not None:
        return found
    by_path = {file.path: file for file in held}
    meant = ends_of(found.config.names_file or "", found.folder)
    named = [by_path[path] for path in meant if path in by_path][:1]
    others = named or [file for file in held if file.path[-1].lower().endswith((_NAMES_SUFFIX, _CLASSES))]
    names = _one(files, others)
    if names is None:
        return found
    config = replace(found.config, names=names.config.names)
    return replace(found, config=config, where=names.where, used=found.used | names.used)


def _parser(name: str) -> Callable[[bytes], Config | None]:
    lower = name.lower()
    if lower.endswith(YAML_SUFFIXES):
        return read_data_yaml
    return read_darknet if lower.endswith(_DARKNET_SUFFIX) else read_names
