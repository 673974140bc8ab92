"""The page of a difference: alone, escaped, limited, and what is drawn on it."""

import base64
import io
import re
from html.parser import HTMLParser

import pytest
from PIL import Image
from support.datasets import drawn, put_files
from support.reading import SQUARE, WHOLE, give, nut_repository, take_all_kinds

from dvcore.history.drawing import draw
from dvcore.history.page import Card, Mark, MarkKind, Picture, Section, changes_page
from dvcore.model.definition import Definition, Label
from dvcore.model.geometry import Box, Keypoints, Mask, Point, Polygon, Polyline, RotatedBox
from dvcore.model.names import parse_path
from dvcore.repo.adding import OnExisting
from dvcore.repo.commits import commit_working
from dvcore.repo.entries import remove
from dvcore.repo.projects import create_project
from dvcore.snapshot.catalog.snapshots import load_snapshot
from dvcore.snapshot.comparing.diff import diff_snapshots
from dvcore.snapshot.comparing.page import snapshot_changes_page
from dvcore.snapshot.taking.take import take_snapshot

EVIL = "<script>alert('1')</script>&\""


class Page(HTMLParser):
    """Tags, attributes and texts."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.attributes, self.texts = [], [], []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs

    def handle_data(self, data):
        self.texts.append(data)


@pytest.fixture
def repository(tmp_path):
    with nut_repository(tmp_path) as made:
        yield made


def page_of(repository, project="all", **options):
    old, new = (load_snapshot(repository, f"{project}@{number}") for number in (1, 2))
    changes = sorted(diff_snapshots(repository, old, new), key=lambda change: change.path)
    return snapshot_changes_page(repository, old, new, changes, **options)


def change_everything(repository):
    give(repository, "nuts/000.png", (("almond", SQUARE), ("walnut", Box(1.0, 1.0, 2.0, 2.0))))
    put_files(repository, {"nuts/001.png": drawn(50)}, on_existing=OnExisting.REPLACE)
    give(repository, "nuts/004.png", (("walnut", SQUARE),))
    remove(repository, [parse_path("nuts/003.png")])
    commit_working(repository, "changed")


def test_the_page_shows_each_change_before_and_after(repository):
    take_all_kinds(repository)
    change_everything(repository)
    take_snapshot(repository, "all")
    text = page_of(repository)
    page = Page(text)
    headings = ["Added: 1", "Removed: 1", "Other pixels: 1", "Other boxes: 1", "Images by split and label"]
    assert set(headings) <= set(page.texts)
    assert page.texts.count("before") == 4  # the head of the table, and three images that were there before
    assert page.tags.count("image") == 6
    assert {kind: text.count(f'<g class="{kind}">') for kind in ("added", "removed", "changed")} == {
        "added": 1, "removed": 1, "changed": 0,
    }  # fmt: skip
    assert "boxes: 1 added, 1 removed" in page.texts


def test_the_page_stands_alone(repository):
    take_all_kinds(repository)
    change_everything(repository)
    take_snapshot(repository, "all")
    text = page_of(repository)
    page = Page(text)
    assert not {"script", "link", "iframe", "img"} & set(page.tags)
    links = [value for name, value in page.attributes if name in {"src", "href", "xlink:href"}]
    assert len(links) == 6
    assert all(link.startswith("data:image/jpeg;base64,") for link in links)
    assert "default-src 'none'; style-src 'unsafe-inline'; img-src data:" in text
    assert not re.search(r"url\(|@import|https?:", text)
    for link in links:
        picture = Image.open(io.BytesIO(base64.b64decode(link.partition(",")[2])))
        assert (picture.format, picture.size) == ("JPEG", (12, 8))


def test_more_than_the_limit_are_counted(repository):
    take_all_kinds(repository)
    remove(repository, [parse_path(f"nuts/00{number}.png") for number in range(3)])
    commit_working(repository, "fewer")
    take_snapshot(repository, "all")
    page = Page(page_of(repository, most=1))
    assert "Removed: 3" in page.texts
    assert "… and 2 more" in page.texts
    assert page.tags.count("article") == 1


def test_every_text_is_escaped(repository):
    labels = (Label(EVIL, "kind = 'walnut'"), Label("other", "kind = 'almond'"))
    create_project(repository, "evil", Definition(labels=labels, splits=WHOLE))
    take_snapshot(repository, "evil")
    give(repository, "nuts/000.png", ((EVIL, SQUARE),))
    put_files(
        repository, {f"nuts/{EVIL.replace('/', '')}.png": drawn(60)}, {f"nuts/{EVIL.replace('/', '')}.png": "walnut"}
    )
    put_files(repository, {"nuts/000.png": drawn(61)}, on_existing=OnExisting.REPLACE)
    commit_working(repository, "names to beware of")
    take_snapshot(repository, "evil")
    page = Page(page_of(repository, "evil"))
    assert "script" not in page.tags
    assert sum("<script>" in text for text in page.texts) >= 4  # table, heading, line, title of a mark


def test_without_features_of_instances_all_of_them_are_drawn(repository):
    create_project(repository, "plain", Definition(splits=WHOLE))
    take_snapshot(repository, "plain")
    put_files(repository, {"nuts/000.png": drawn(61)}, on_existing=OnExisting.REPLACE)
    give(repository, "nuts/000.png", (("stone", SQUARE),))
    commit_working(repository, "changed")
    take_snapshot(repository, "plain")
    text = page_of(repository, "plain")
    assert "<title>stone</title>" in text
    assert text.count('<g class="removed">') == 2


@pytest.mark.parametrize(
    ("geometry", "path"),
    [
        (Box(1.0, 2.0, 3.0, 4.0), "M1.00 2.00L4.00 2.00L4.00 6.00L1.00 6.00Z"),
        (RotatedBox(2.0, 2.0, 2.0, 4.0, 90.0), "M4.00 1.00L4.00 3.00L0.00 3.00L0.00 1.00Z"),
        (Polygon((((0.0, 0.0, 2.0, 0.0, 2.0, 2.0), (1.0, 0.5, 1.5, 0.5, 1.5, 1.0)),)), "2.00ZM1.00"),
        (Polyline(((0.0, 0.0, 1.0, 1.0),)), "M0.00 0.00L1.00 1.00"),
        (Point(3.0, 4.0), "M3.00 4.00h0"),
        (Keypoints(((1.0, 1.0, 2), (0.0, 0.0, 0))), "M1.00 1.00h0"),
        (Mask(2, 2, b"0220"), "Z"),
    ],
)
def test_each_geometry_is_drawn(geometry, path):
    shape = draw(geometry, kind="added", title=EVIL)
    assert path in shape
    assert shape.count("<path") == 1
    assert "<script" not in shape


def test_a_picture_without_an_image_has_its_marks():
    picture = Picture(10, 10, None, (Mark(Point(1.0, 1.0), MarkKind.ADDED, "tip"),))
    text = changes_page("a to b", (), (), (Section("Added", 1, (Card("x", (), None, picture),)),))
    assert "<image" not in text
    assert 'class="added"' in text
