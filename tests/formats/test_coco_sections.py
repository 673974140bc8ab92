"""The order in which COCO's sections are handed over, however they lie in the file."""

import json
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest

from dvcore.errors import InvalidInputError
from dvcore.formats.coco import sections
from dvcore.formats.coco.documents import DocumentFile
from dvcore.formats.coco.naming import Naming
from dvcore.formats.coco.sections import Sections, read_sections

MEMBERS = {
    "images": [{"id": 1}, {"id": 2}],
    "categories": [{"id": 1, "name": "leaf"}, {"id": 2, "name": "nut"}],
    "annotations": [{"id": number} for number in range(5)],
    "info": {"categories": [{"id": 3}], "note": '"categories": []}'},
}
WHOLE_TAIL = sections._TAIL_BYTES


class Recorded:
    """A taker that notes what it is given, in order."""

    def __init__(self) -> None:
        self.given: list[tuple[str, int, Any]] = []

    def take_image(self, index: int, item: Any) -> None:
        self.given.append(("images", index, item))

    def take_category(self, index: int, item: Any) -> None:
        self.given.append(("categories", index, item))

    def take_annotation(self, index: int, item: Any) -> None:
        self.given.append(("annotations", index, item))

    def of(self, name: str) -> list[tuple[int, Any]]:
        return [(index, item) for section, index, item in self.given if section == name]


def read(folder: Path, text: str) -> tuple[Recorded, Sections]:
    place = folder / "labels.json"
    place.write_text(text)
    taker = Recorded()
    return taker, read_sections(DocumentFile("labels.json", place, (), Naming(None, None)), taker)


@pytest.mark.parametrize("tail", [WHOLE_TAIL, 200, 60, 1])
@pytest.mark.parametrize("order", list(permutations(MEMBERS)), ids=" ".join)
def test_annotations_come_last_and_everything_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, order: tuple[str, ...], tail: int
) -> None:
    monkeypatch.setattr(sections, "_TAIL_BYTES", tail)
    taker, found = read(tmp_path, json.dumps({name: MEMBERS[name] for name in order}))
    for name in ("images", "categories", "annotations"):
        assert taker.of(name) == list(enumerate(MEMBERS[name])), name
    assert {section for section, _, _ in taker.given[-5:]} == {"annotations"}
    assert found.counts == {"images": 2, "categories": 2, "annotations": 5}
    assert found.others == ("'info'",)


@pytest.mark.parametrize("behind", ["", ', "licenses": [], "info": {"a": 1}', "  "])
def test_categories_at_the_end_save_a_second_reading(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, behind: str
) -> None:
    monkeypatch.setattr(sections, "_take_annotations", lambda *_: pytest.fail("read a second time"))
    first = json.dumps({name: MEMBERS[name] for name in ("images", "annotations", "categories")})
    taker, _ = read(tmp_path, f"{first[:-1]}{behind}}}\n")
    assert len(taker.given) == 9


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"images": [], "annotations": [], "categories": [], "categories": []}', "the list 'categories' twice"),
        ('{"images": [], "annotations": [], "annotations": [], "categories": []}', "the list 'annotations' twice"),
        ('{"images": [], "annotations": [}, "categories": []}', "is no json"),
        ('{"images": [], "annotations": [], "categories": 1}', "'categories' is no list"),
        ('{"images": [], "annotations": [], "categories": [{"id": 1, "id": 2}]}', "'id' twice"),
    ],
)
def test_what_lies_before_the_end_is_checked_all_the_same(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(InvalidInputError, match=message):
        read(tmp_path, text)
