"""Whatever an annotation file holds, it is imported or refused by name; nothing else ever comes out."""

import json
import tempfile
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.mutations import damaged_bytes, damaged_json
from support.samples import sample
from support.sources import imported, put_pictures

from dvcore.errors import DsetError
from dvcore.repo.repository import Repository


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
@given(damaged_bytes(sample("voc.xml")) | st.binary(max_size=200))
def test_voc(data: bytes) -> None:
    is_imported_or_refused("voc", "a.xml", data)


@QUICK
@given(damaged_bytes(sample("cvat.xml")))
def test_cvat(data: bytes) -> None:
    is_imported_or_refused("cvat", "annotations.xml", data)


@QUICK
@given(damaged_bytes(sample("labelme.xml")))
def test_labelme_xml(data: bytes) -> None:
    is_imported_or_refused("labelme", "a.xml", data)


@QUICK
@given(damaged_bytes(sample("labelme.json")))
def test_labelme_bytes(data: bytes) -> None:
    is_imported_or_refused("labelme", "a.json", data)


@QUICK
@given(damaged_json(json.loads(sample("labelme.json"))))
def test_labelme_values(document: Any) -> None:
    is_imported_or_refused("labelme", "a.json", json.dumps(document).encode())


@QUICK
@given(damaged_bytes(sample("labelstudio.json")))
def test_labelstudio_bytes(data: bytes) -> None:
    is_imported_or_refused("labelstudio", "tasks.json", data)


@QUICK
@given(damaged_json(json.loads(sample("labelstudio.json"))))
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
