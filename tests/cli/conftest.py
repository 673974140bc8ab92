"""A folder of small pictures with labels and boxes, and repositories made of it by commands."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.command import Dset
from support.datasets import KINDS, drawn

AUTHOR = "Ada <ada@example.org>"
PER_KIND = 6


@pytest.fixture(autouse=True)
def _author(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DSET_AUTHOR", AUTHOR)


@pytest.fixture(scope="session")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Class folders of 12x8 pictures, and `boxes.json` with one box on each."""
    folder = tmp_path_factory.mktemp("photos")
    images, boxes = [], []
    for number in range(PER_KIND * len(KINDS)):
        kind = KINDS[number // PER_KIND]
        path = folder / kind / f"{number:02d}.png"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(drawn(number))
        images.append({"id": number, "file_name": f"{kind}/{path.name}", "width": 12, "height": 8})
        boxes.append({"id": number, "image_id": number, "category_id": KINDS.index(kind), "bbox": [1, 2, 3, 4]})
    categories = [{"id": number, "name": kind} for number, kind in enumerate(KINDS)]
    coco = {"images": images, "annotations": boxes, "categories": categories}
    (folder / "boxes.json").write_text(json.dumps(coco))
    return folder


@pytest.fixture
def empty(tmp_path: Path) -> Iterator[Dset]:
    """A new repository. At the end of the test, fsck must find nothing wrong with it."""
    dset = Dset(tmp_path)
    dset("init")
    yield dset
    assert dset("fsck", "--json").json == {"ok": True, "problems": []}


@pytest.fixture
def nuts(empty: Dset, photos: Path) -> Dset:
    """A repository with the pictures in `nuts`, labelled and with their boxes, committed."""
    empty("import", photos, "--to", "nuts", "--format", "folders")
    empty("import", photos, "--to", "nuts", "--annotations", photos / "boxes.json")
    empty("commit", "-m", "twelve nuts")
    return empty


@pytest.fixture
def project(nuts: Dset) -> Dset:
    """The same with a project of two labels."""
    labels = [option for kind in KINDS for option in ("--label", f"{kind}=label = '{kind}'")]
    nuts("project", "create", "kinds", "--directory", "nuts", *labels, "--shards", "2")
    return nuts
