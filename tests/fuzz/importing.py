"""Whole imports into a repository in memory: one or more files of a source, and drawn pictures beside them.

The bytes of a target are those of its files, one after the other, with `BETWEEN` between them.
"""

import atexit
import tempfile
from functools import cache, partial
from io import BytesIO
from pathlib import Path
from shutil import rmtree
from typing import Final

from fuzz.target import Target
from PIL import Image
from support.samples import SAMPLES, sample
from support.sources import put_file, put_pictures

from dvcore.formats.detect import detect_format
from dvcore.formats.intake.importing import import_source
from dvcore.formats.reader.request import Request
from dvcore.repo.repository import Repository
from dvcore.tfrecord.example import BytesList, FloatList, Int64List, encode_example, text_feature
from dvcore.tfrecord.records import frame_record

BETWEEN: Final = b"\n\x00\n"

_ANY_NAMES: Final = ("t.json", "t.xml", "t.csv", "t.txt", "t.jsonl", "data.yaml", "t.tfrecord", "labels/a.txt")
_CSV: Final = b"file_name,ripe,kg,split\na.png,true,1.5,train\nb.png,,2,val\n"
_JSON_LINE: Final = b'{"file_name": "a.png", "ripe": true, "kg": 1.5, "place": "Reute"}\n'
_PANOPTIC: Final = b"""{"images": [{"id": 1, "file_name": "a.png"}], "categories": [{"id": 1, "name": "nut"}],
"annotations": [{"image_id": 1, "file_name": "a.png", "segments_info": [{"id": 9, "category_id": 1}]},
{"image_id": 1, "caption": "a nut"}]}"""
_KITTI: Final = b"Car 0.00 1 -1.57 1 2 7.5 6 1.5 1.6 3.9 2 1 9 -1.6 0.9\nDontCare" + b" -1" * 14
_LABEL_MAP: Final = b"# label:color_rgb:parts:actions\nnut:9,0,0::\nleaf:::\n"
_YOLO: Final = (
    (b"names: {0: nut, 1: leaf}\ntrain: train.txt\n", b"0 .5 .5 .25 .5\n1 .1 .1 .2 .2\n", b"images/a.png\n"),
    (b"task: segment\nnames: [nut]\n", b"0 .1 .1 .5 .1 .5 .5\n"),
    (b"task: obb\nnames: [nut]\n", b"0 .1 .1 .5 .1 .5 .5 .1 .5\n"),
    (b"kpt_shape: [2, 3]\nnames: [nut]\n", b"0 .5 .5 .2 .2 .4 .4 2 .6 .6 1\n"),
)
_OPEN_IMAGES: Final = (
    b"ImageID,Source,LabelName,Confidence,XMin,XMax,YMin,YMax,IsOccluded\na,xclick,/m/1,1,0.25,0.75,0.5,1,1\n",
    b"LabelName,DisplayName\n/m/1,Nut\n",
    b"ImageID,Source,LabelName,Confidence\na,machine,/m/1,0.5\n",
    b"MaskPath,ImageID,LabelName,BoxID,BoxXMin,BoxXMax,BoxYMin,BoxYMax,PredictedIoU,Clicks\n",
    b"ImageID,Subset,OriginalURL,Author,Rotation\na,train,,,0\n",
)


def import_targets() -> dict[str, Target]:
    """One for each form in which annotations come, and one for telling which it is."""
    coloured, indexed = _drawn("RGB"), _drawn("P")
    return {
        "coco": _target("coco", ("labels.json",), (sample("coco.json"),)),
        "panoptic": _target("coco", ("panoptic_val.json", "panoptic_val/a.png"), (_PANOPTIC, coloured)),
        "voc": _target(
            "voc",
            ("labelmap.txt", "Annotations/a.xml", "ImageSets/Main/train.txt"),
            (_LABEL_MAP, sample("voc.xml"), b"a\nb 1\n"),
            pictures="JPEGImages",
        ),
        "voc masks": _target(
            "voc",
            ("labelmap.txt", "SegmentationClass/a.png", "SegmentationObject/a.png"),
            (_LABEL_MAP, coloured, indexed),
            pictures="JPEGImages",
        ),
        "yolo": _target("yolo", ("data.yaml", "labels/a.txt", "train.txt"), *_YOLO, pictures="images"),
        "kitti": _target("kitti", ("label_2/a.txt",), (_KITTI,), pictures="image_2"),
        "open images": _target(
            "openimages", ("boxes.csv", "classes.csv", "labels.csv", "masks.csv", "images.csv"), _OPEN_IMAGES
        ),
        "cvat": _target("cvat", ("annotations.xml",), (sample("cvat.xml"),)),
        "labelme": _target("labelme", ("a.json",), (sample("labelme.json"),)),
        "labelme web": _target("labelme", ("a.xml",), (sample("labelme.xml"),)),
        "label studio": _target("labelstudio", ("tasks.json",), (sample("labelstudio.json"),)),
        "tf detection": _target(
            "tfdetection", ("map.pbtxt", "train.tfrecord"), (b"item { id: 1 name: 'nut' }\n", _example(coloured))
        ),
        "csv": _target("csv", ("t.csv",), (_CSV,)),
        "json lines": _target("jsonl", ("t.jsonl",), (_JSON_LINE,)),
        "detection": Target(_detect, tuple(place.read_bytes() for place in sorted(SAMPLES.iterdir()))),
    }


def _target(format_: str, names: tuple[str, ...], *seeds: tuple[bytes, ...], pictures: str = "") -> Target:
    return Target(partial(_import, pictures, format_, names), tuple(map(BETWEEN.join, seeds)))


@cache
def _source(pictures: str, names: tuple[str, ...]) -> Path:
    """A folder with two pictures in one of its folders, and places for files of these names."""
    folder = Path(tempfile.mkdtemp(prefix="dset-fuzz-"))
    atexit.register(rmtree, folder)
    for name in names:
        put_file(folder, name, b"")
    return put_pictures(folder, f"{pictures}/a.png".lstrip("/"), f"{pictures}/b.png".lstrip("/"))


def _import(pictures: str, format_: str, names: tuple[str, ...], data: bytes) -> None:
    source = _source(pictures, names)
    parts = data.split(BETWEEN, len(names) - 1)
    for name, part in zip(names, [*parts, *[b""] * (len(names) - len(parts))], strict=True):
        # A checksum would keep everything from being read on.
        (source / name).write_bytes(frame_record(part) if name.endswith(".tfrecord") else part)
    with Repository.in_memory() as repository:
        report = import_source(repository, source, ("nuts",), format=format_, skip_bad=True)
    faults = (*report.faulty_files, *report.left_out, *report.adjusted)
    "\n".join([*map(str, faults), *report.notes, *report.warnings]).encode()


def _detect(data: bytes) -> None:
    source = _source("", _ANY_NAMES)
    for name in _ANY_NAMES:
        (source / name).write_bytes(data)
    detect_format(Request(source), None)


def _drawn(mode: str) -> bytes:
    stream = BytesIO()
    Image.new(mode, (12, 8), 9).save(stream, "PNG")
    return stream.getvalue()


def _example(picture: bytes) -> bytes:
    box = "image/object/bbox/"
    return encode_example(
        {
            "image/encoded": BytesList((picture,)),
            "image/filename": text_feature("c.png"),
            "image/height": Int64List((8,)),
            "image/width": Int64List((12,)),
            "image/object/class/text": text_feature("nut"),
            "image/object/class/label": Int64List((1,)),
            f"{box}xmin": FloatList((0.25,)),
            f"{box}xmax": FloatList((0.5,)),
            f"{box}ymin": FloatList((0.5,)),
            f"{box}ymax": FloatList((1.0,)),
        }
    )
