"""Any json at all is imported or refused by name; nothing else ever comes out."""

import io
import json
import tempfile
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image
from support.mutations import damaged_json, odd_values
from support.samples import sample
from support.sources import coco, imported, put_pictures

from dvcore.errors import DsetError
from dvcore.repo.repository import Repository

VALID = json.loads(sample("coco.json"))


def is_imported_or_refused(document: Any) -> None:
    with tempfile.TemporaryDirectory() as folder, Repository.in_memory() as repository:
        source = put_pictures(Path(folder), "a.png")
        (source / "labels.json").write_text(json.dumps(document))
        before = repository.working_tree().id
        try:
            named = source / "labels.json"
            report = imported(repository, source, format="coco", annotations=named, skip_bad=True)
        except DsetError as error:
            str(error).encode()
            assert repository.working_tree().id == before
            return
        for fault in (*report.faulty_files, *report.left_out, *report.adjusted):
            str(fault).encode()
        assert report.stated_instances == len(document.get("annotations", ())), "none goes without a word"


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(damaged_json(VALID))
def test_mutated_documents(document: Any) -> None:
    is_imported_or_refused(document)


@settings(max_examples=100, deadline=None)
@given(st.fixed_dictionaries({name: odd_values | st.lists(odd_values, max_size=3) for name in VALID}))
def test_documents_of_anything(document: Any) -> None:
    is_imported_or_refused(document)


PANOPTIC = coco(
    {"file_name": "a.png", "segments_info": [{"id": 9, "category_id": 1, "iscrowd": 0}, {"id": 300, "category_id": 2}]},
    {"caption": "a nut"},
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(damaged_json(PANOPTIC), st.none() | st.tuples(st.floats(0, 1), st.binary(max_size=3)))
def test_mutated_panoptic_documents_and_masks(document: Any, damage: tuple[float, bytes] | None) -> None:
    stream = io.BytesIO()
    Image.new("RGB", (12, 8), (9, 0, 0)).save(stream, "PNG")
    mask = stream.getvalue()
    if damage is not None:
        at = int(damage[0] * len(mask))
        mask = mask[:at] + damage[1] + mask[at + 1 :]
    with tempfile.TemporaryDirectory() as folder, Repository.in_memory() as repository:
        source = put_pictures(Path(folder), "a.png")
        (source / "panoptic_val").mkdir()
        (source / "panoptic_val/a.png").write_bytes(mask)
        (source / "panoptic_val.json").write_text(json.dumps(document))
        try:
            imported(repository, source, format="coco", skip_bad=True)
        except DsetError as error:
            str(error).encode()


@settings(max_examples=200, deadline=None)
@given(st.floats(0, 1), st.binary(max_size=4), st.integers(0, 4))
def test_damaged_bytes(place: float, other: bytes, cut: int) -> None:
    data = json.dumps(VALID).encode()
    at = int(place * len(data))
    with tempfile.TemporaryDirectory() as folder, Repository.in_memory() as repository:
        source = put_pictures(Path(folder), "a.png")
        named = source / "labels.json"
        named.write_bytes(data[:at] + other + data[at + cut :])
        try:
            imported(repository, source, format="coco", annotations=named, skip_bad=True)
        except DsetError as error:
            str(error).encode()
