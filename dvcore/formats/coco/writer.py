"""Writes COCO: `images/`, and under `annotations/` a json for each split. `docs/exporting.md` has what is kept.

A json lists its images before what is said of them, as readers want it that do not hold everything.
"""

import re
from collections.abc import Iterable
from contextlib import ExitStack
from typing import Any, Final

from dvcore.formats.coco.json_document import JsonDocument
from dvcore.formats.coco.naming import Kind
from dvcore.formats.coco.records import AnnotationRecords, category_record
from dvcore.formats.export.exported import Exported, ExportOptions
from dvcore.formats.export.exporting import Export, Exporter
from dvcore.formats.export.labels import NumberedLabels, sparse_numbers
from dvcore.model.names import format_path
from dvcore.model.values import Value
from dvcore.store.spilling import SpillingMap

_IMAGES: Final = "images"
_CAPTION: Final = re.compile(r"caption(_[2-9]|_[1-9][0-9]+)?")
_ID: Final = re.compile(r"0|[1-9][0-9]{0,14}")
"""Ids that every reader of json takes for the same number."""


def write_coco(export: Export) -> None:
    """Write all files."""
    labels = sparse_numbers(export.labels)
    with ExitStack() as stack:
        writer = _Writer(export, labels, stack)
        export.each(writer.add)
        writer.finish()
    if labels.are_new:
        export.notes.append("some categories have new ids: their own are those of others, too")


class _Writer:
    """The json files of an export, each made when the first image is for it."""

    def __init__(self, export: Export, labels: NumberedLabels, stack: ExitStack) -> None:
        self._export = export
        self._records = AnnotationRecords(labels, export.losses)
        self._categories = [category_record(labels.number(name), one) for name, one in labels.labels.items()]
        self._stack = stack
        self._documents: dict[str, JsonDocument] = {}
        self._ids = _Ids(export)
        self._images = 0
        stack.callback(self._ids.close)

    def add(self, file: Exported) -> None:
        """Write an image and what is said of it: nothing, where nobody has looked at it and it is of no split."""
        path = file.below()
        self._export.put_image(file, (_IMAGES, *path))
        self._images += 1
        image = {
            "id": self._images,
            "file_name": format_path(path),
            "width": file.facts.width,
            "height": file.facts.height,
        }
        if file.annotated:
            self._add_instances(image, file)
        elif file.split is not None:
            self._document(Kind.IMAGE_INFO, file.split).add_image(image)
        captions = {name: value for name, value in file.variables.items() if _is_caption(name, value)}
        if captions:
            self._add_captions(image, file, [captions[name] for name in sorted(captions, key=_caption_number)])

    def finish(self) -> None:
        """Complete every json."""
        if not self._documents:
            self._document(Kind.INSTANCES, None)
        for document in self._documents.values():
            document.finish()

    def _add_instances(self, image: dict[str, Any], file: Exported) -> None:
        document = self._document(Kind.INSTANCES, file.split)
        document.add_image(image)
        for instance in file.instances:
            record = self._records.find_record(instance, file.facts)
            if record is not None:
                id_ = self._ids.take(document.name, instance.source)
                document.add_annotation({"id": id_, "image_id": image["id"], **record})

    def _add_captions(self, image: dict[str, Any], file: Exported, captions: Iterable[Value]) -> None:
        document = self._document(Kind.CAPTIONS, file.split)
        document.add_image(image)
        for caption in captions:
            id_ = self._ids.take(document.name, None)
            document.add_annotation({"id": id_, "image_id": image["id"], "caption": caption})

    def _document(self, kind: Kind, split: str | None) -> JsonDocument:
        name = kind.value if split is None else f"{kind.value}_{split}"
        if name not in self._documents:
            categories = None if kind is Kind.CAPTIONS else self._categories
            path = ("annotations", f"{name}.json")
            self._documents[name] = self._stack.enter_context(JsonDocument(self._export.out, path, categories))
        return self._documents[name]


class _Ids:
    """Ids of annotations: those of the source where these are numbers that no other annotation of the json has, else
    new ones."""

    def __init__(self, export: Export) -> None:
        self._losses = export.losses
        self._taken = SpillingMap(export.scratch)
        self._next: dict[str, int] = {}
        self.close = self._taken.close

    def take(self, document: str, source: str | None) -> int:
        """An id that no annotation of a document has yet."""
        if source is not None:
            if _ID.fullmatch(source) and self._taken.get(_key(document, source)) is None:
                return self._put(document, int(source))
            self._losses.lose("source id")
        return self._put(document, self._next.get(document, 1))

    def _put(self, document: str, number: int) -> int:
        self._taken.put(_key(document, str(number)), b"")
        self._next[document] = max(self._next.get(document, 1), number + 1)
        return number


def _key(document: str, id_: str) -> bytes:
    return f"{id_}/{document}".encode()


def _is_caption(name: str, value: Value) -> bool:
    return isinstance(value, str) and _CAPTION.fullmatch(name) is not None


def _holds(name: str, value: Value, _: ExportOptions) -> bool:
    return _is_caption(name, value)


def _caption_number(name: str) -> int:
    return int(name.rpartition("_")[2]) if "_" in name else 1


COCO_EXPORTER: Final = Exporter(
    "coco",
    write_coco,
    holds_variable=_holds,
    label_fields=frozenset({"supercategory", "color", "keypoint names"}),
)
