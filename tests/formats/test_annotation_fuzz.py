"""Whatever an annotation file holds, it is imported or refused by name; nothing else ever comes out."""

import json
import tempfile
from base64 import b64encode
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.mutations import damaged_bytes, damaged_json
from support.pictures import drawn, encoded
from support.sources import imported, put_pictures

from dvcore.errors import DsetError
from dvcore.repo.repository import Repository

VOC = b"""<annotation><filename>a.png</filename><size><width>12</width><height>8</height></size>
<object><name>nut</name><pose>Left</pose><difficult>1</difficult><truncated>0.5</truncated>
<bndbox><xmin>2</xmin><ymin>2</ymin><xmax>6</xmax><ymax>5.5</ymax></bndbox><actions><run>1</run></actions>
<attributes><attribute><name>kg</name><value>2</value></attribute></attributes>
<part><name>head</name><bndbox><xmin>2</xmin><ymin>2</ymin><xmax>3</xmax><ymax>3</ymax></bndbox></part></object>
</annotation>"""

CVAT = b"""<annotations><version>1.1</version><meta><task><labels><label><name>nut</name><color>#ff0000</color>
<attributes><attribute><name>kg</name><input_type>number</input_type></attribute></attributes></label>
<label><name>stem</name><type>skeleton</type><svg>&lt;line data-node-from="1" data-node-to="2"/&gt;</svg></label>
<label><name>tip</name><parent>stem</parent></label></labels></task></meta>
<image id="0" name="a.png" subset="Train" width="12" height="8"><tag label="sunny"/>
<box label="nut" xtl="1" ytl="1" xbr="5" ybr="4" rotation="10" group_id="2"><attribute name="kg">2</attribute></box>
<mask label="nut" rle="1, 3, 2, 2" left="2" top="1" width="4" height="2"/><points label="nut" points="1,2;3,4"/>
<polygon label="nut" points="1,1;3,1;3.5,4"/><ellipse label="nut" cx="6" cy="4" rx="4" ry="2"/>
<skeleton label="stem"><points label="tip" points="1,2" occluded="1"/></skeleton></image></annotations>"""

WEB = b"""<annotation><filename>a.png</filename><imagesize><nrows>8</nrows><ncols>12</ncols></imagesize>
<object><name>nut</name><id>0</id><occluded>yes</occluded><attributes>a, b=2</attributes><type>bounding_box</type>
<polygon><pt><x>1</x><y>1</y></pt><pt><x>4</x><y>1</y></pt><pt><x>4</x><y>5</y></pt></polygon></object>
<object><name>nut</name><id>1</id><parts><ispartof>0</ispartof></parts><segm><box><xmin>1</xmin><ymin>2</ymin>
<xmax>4</xmax><ymax>5</ymax></box><mask>m.png</mask></segm></object></annotation>"""

LABELME = {
    "flags": {"cat": True},
    "imagePath": "a.png",
    "imageHeight": 8,
    "imageWidth": 12,
    "shapes": [
        {"label": "nut", "points": [[1, 1], [3, 1], [3, 4]], "group_id": 1, "flags": {"ripe": True}},
        {"label": "nut", "points": [[1, 1], [3, 4]], "shape_type": "rectangle", "score": 0.5},
        {"label": "nut", "points": [[4, 4], [4, 6]], "shape_type": "circle"},
        {"label": "nut", "points": [[0, 0], [4, 0], [4, 4], [0, 4]], "shape_type": "rotation"},
        {
            "label": "nut",
            "points": [[1, 1]],
            "shape_type": "mask",
            "mask": b64encode(encoded(drawn("L", (3, 2)), "PNG")).decode(),
        },
    ],
}

LABELSTUDIO = [
    {
        "id": 1,
        "data": {"image": "/data/upload/1/a.png", "place": "Reute"},
        "annotations": [
            {
                "updated_at": "2024",
                "result": [
                    {
                        **{"id": "r", "type": "rectanglelabels", "original_width": 12, "original_height": 8},
                        "value": {"x": 1, "y": 2, "width": 30, "height": 40, "rotation": 3, "rectanglelabels": ["nut"]},
                    },
                    {
                        "id": "p",
                        "type": "polygonlabels",
                        "value": {"points": [[1, 1], [9, 1], [9, 9]], "polygonlabels": ["x"]},
                    },
                    {"id": "b", "type": "brushlabels", "value": {"rle": [0, 0, 1, 128, 57], "brushlabels": ["x"]}},
                    {"id": "c", "type": "choices", "from_name": "weather", "value": {"choices": ["sunny"]}},
                ],
            }
        ],
    },
    {"image": "b.png", "id": 2, "label": [{"x": 1, "y": 1, "keypointlabels": ["eye"]}], "annotation_id": 3},
]


def is_imported_or_refused(format_: str, name: str, data: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder, Repository.in_memory() as repository:
        source = put_pictures(Path(folder), "a.png", "b.png")
        place = source / name
        place.write_bytes(data)
        before = repository.working_tree().id
        try:
            report = imported(repository, source, format=format_, annotations=place, skip_bad=True)
        except DsetError as error:
            str(error).encode()
            assert repository.working_tree().id == before
            return
        for fault in (*report.faulty_files, *report.left_out, *report.adjusted):
            str(fault).encode()
        "".join(report.notes).encode()


QUICK = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@QUICK
@given(damaged_bytes(VOC) | st.binary(max_size=200))
def test_voc(data: bytes) -> None:
    is_imported_or_refused("voc", "a.xml", data)


@QUICK
@given(damaged_bytes(CVAT))
def test_cvat(data: bytes) -> None:
    is_imported_or_refused("cvat", "annotations.xml", data)


@QUICK
@given(damaged_bytes(WEB))
def test_labelme_xml(data: bytes) -> None:
    is_imported_or_refused("labelme", "a.xml", data)


@QUICK
@given(damaged_bytes(json.dumps(LABELME).encode()))
def test_labelme_bytes(data: bytes) -> None:
    is_imported_or_refused("labelme", "a.json", data)


@QUICK
@given(damaged_json(LABELME))
def test_labelme_values(document: Any) -> None:
    is_imported_or_refused("labelme", "a.json", json.dumps(document).encode())


@QUICK
@given(damaged_bytes(json.dumps(LABELSTUDIO).encode()))
def test_labelstudio_bytes(data: bytes) -> None:
    is_imported_or_refused("labelstudio", "tasks.json", data)


@QUICK
@given(damaged_json(LABELSTUDIO))
def test_labelstudio_values(document: Any) -> None:
    is_imported_or_refused("labelstudio", "tasks.json", json.dumps(document).encode())


@QUICK
@given(
    damaged_bytes(b"\n# train\na\nb.png  1\n"), damaged_bytes(b"# label:color:parts:actions\nnut:1,2,3::\nleaf:::\n")
)
def test_lists_and_maps_of_labels(text: bytes, labelmap: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder, Repository.in_memory() as repository:
        source = put_pictures(Path(folder), "a.png", "b.png")
        (source / "ImageSets").mkdir()
        (source / "ImageSets" / "train.txt").write_bytes(text)
        (source / "labelmap.txt").write_bytes(labelmap)
        try:
            report = imported(repository, source, format="voc", skip_bad=True)
        except DsetError as error:
            str(error).encode()
            return
        "".join(report.notes).encode()
