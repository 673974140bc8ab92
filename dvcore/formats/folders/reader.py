"""Class folders, and whatever else has the label of an image in its path."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final

from dvcore.errors import Fault, InvalidInputError
from dvcore.formats.disk.annotation_files import AnnotationFiles
from dvcore.formats.disk.source_folder import SourceFolder
from dvcore.formats.disk.split_folders import published_splits, with_splits
from dvcore.formats.disk.walking import Walk, drop_collisions
from dvcore.formats.folders.class_lists import ClassList, find_class_list, is_class_list_name
from dvcore.formats.reader.contents import Contents, Format
from dvcore.formats.reader.request import LabelFrom, Request
from dvcore.formats.stated.annotations import StatedAnnotations
from dvcore.formats.stated.by_image import StatedMap
from dvcore.formats.stated.splits import SPLIT_VARIABLE, split_declarations
from dvcore.formats.wording import format_place
from dvcore.image.names import is_image_name
from dvcore.model.declarations import VariableDeclaration
from dvcore.model.values import ValueType
from dvcore.model.variable_names import check_variable_name

_INDEX: Final = "0123456789_- "
"""What an index at the end of a file's name is made of, and what joins it to the label."""
_MEANING: Final = "_name"
"""Behind the variable's name: the variable of what a class list says beside each class."""


def read_folders(request: Request, found: Walk) -> Contents:
    """The images with the enum variable `request.variable`: the name of the folder directly around each, of however
    many, or the part of its own name that `request.label_from` says. An image that has no such label is a fault.

    Raises InvalidInputError where the variable's name is taken or cannot be one.
    """
    request = replace(request, variable=check_variable_name(request.variable, ()))
    folders, collisions = drop_collisions(found.folders)
    splits = published_splits(folders)
    if splits and request.variable == SPLIT_VARIABLE:
        raise InvalidInputError(
            f"the folders {', '.join(splits)} already fill the variable {SPLIT_VARIABLE!r}",
            hint="give another name with --variable",
        )
    if request.label_from is not LabelFrom.FOLDER:
        return _by_name(request, found, with_splits(folders, splits), collisions, splits)
    return _by_folder(request, found, with_splits(folders, splits), collisions, splits)


def _by_folder(
    request: Request, found: Walk, folders: Sequence[SourceFolder], collisions: Sequence[Fault], splits: Sequence[str]
) -> Contents:
    inside = [folder for folder in folders if _has_class(folder, splits)]
    outside = [place for folder in folders if not _has_class(folder, splits) for place in folder.iter_places()]
    unclassed = [Fault(format_place(place), "is in no class folder") for place in outside]
    lists = AnnotationFiles(found.annotations)
    classes = find_class_list(lists, {folder.path[-1] for folder in inside})
    return Contents(
        folders=[_with_class(folder, request.variable, classes) for folder in inside],
        faults=(*found.faults, *collisions, *unclassed),
        passed_over=found.passed_over + len(lists) - classes.used,
        variables=(*split_declarations(splits), *_declarations(request.variable, classes)),
        are_as_listed=lists.are_as_listed,
        notes=(*found.notes, *found.json_notes, *classes.notes),
    )


def _has_class(folder: SourceFolder, splits: Sequence[str]) -> bool:
    return len(folder.path) > (1 if splits else 0)


def _with_class(folder: SourceFolder, variable: str, classes: ClassList) -> SourceFolder:
    name = folder.path[-1]
    labelled = folder.with_variable(variable, name)
    meaning = classes.names[name] if classes.meanings else None
    return labelled if meaning is None else labelled.with_variable(variable + _MEANING, meaning)


def _declarations(variable: str, classes: ClassList) -> Iterator[VariableDeclaration]:
    yield VariableDeclaration(variable, ValueType.ENUM, tuple(classes.names))
    if classes.meanings:
        yield VariableDeclaration(variable + _MEANING, ValueType.ENUM, classes.meanings)


def _by_name(
    request: Request, found: Walk, folders: Sequence[SourceFolder], collisions: Sequence[Fault], splits: Sequence[str]
) -> Contents:
    has_index = request.label_from is LabelFrom.FILENAME_WITHOUT_INDEX
    stated, labels, faults = StatedMap(request.scratch), set[str](), list[Fault]()
    kept: list[SourceFolder] = []
    for folder in folders:
        unlabelled = set[str]()
        for name in folder.iter_names():
            label = label_of(name, has_index=has_index)
            if label:
                labels.add(label)
                stated.put(
                    (*folder.path, name), StatedAnnotations("", None, (), {request.variable: label}, is_annotated=False)
                )
            else:
                unlabelled.add(name)
                faults += [Fault(format_place(place), "has no label in its name") for place in folder.places_of(name)]
        kept.append(folder.without(unlabelled))
    declared = VariableDeclaration(request.variable, ValueType.ENUM, tuple(sorted(labels)))
    return Contents(
        folders=kept,
        annotations=stated,
        faults=(*found.faults, *collisions, *faults),
        passed_over=found.passed_over + len(AnnotationFiles(found.annotations)),
        variables=(*split_declarations(splits), declared),
        notes=(*found.notes, *found.json_notes),
    )


def label_of(name: str, *, has_index: bool) -> str:
    """The name of a file without its suffix, and without an index at its end: `cat_003.jpg` is `cat`. Empty where
    nothing is left."""
    stem = name.rpartition(".")[0] or name
    return stem.rstrip(_INDEX) if has_index else stem


FOLDERS = Format("folders", is_image_name, read_folders, takes_annotations=is_class_list_name)
