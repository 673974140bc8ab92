"""Encoded images and records are not made twice, and no damage of what is remembered gets into a shard."""

import shutil
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pytest
from support.datasets import KINDS, drawn_repository, make_project, put_drawn, relabel

from dvcore.image import render
from dvcore.model.definition import ImageOptions, Label, Split
from dvcore.repo.commits import commit_working
from dvcore.repo.repository import Repository
from dvcore.snapshot.catalog.snapshots import load_snapshot
from dvcore.snapshot.shards import image_cache
from dvcore.snapshot.taking.take import take_snapshot
from dvcore.snapshot.verifying.verify import verify_files, verify_rebuild

SPLITS = (Split("train", "0.8", None, 4), Split("test", "0.2", None, 2))
IMAGE = ImageOptions(downsample="both:24x24", encoding="png")
OTHER_LABELS = (Label("any", "kind IN ('walnut', 'almond')"),)


@pytest.fixture
def repository(tmp_path):
    with drawn_repository(tmp_path / "work", 40) as made:
        make_project(made, splits=SPLITS, image=IMAGE)
        yield made


@pytest.fixture
def rendered(monkeypatch):
    """How many images were decoded and encoded."""
    counts = []

    def counting(data, pipelines):
        counts.append(len(pipelines))
        return render.render_all(data, pipelines)

    monkeypatch.setattr("dvcore.snapshot.shards.rendering.render_all", counting)
    return counts


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.glob("*.tfrecord-*")}


def anew(repository, tmp_path, project="nuts"):
    """The files of a project's newest snapshot as a repository makes them that remembers nothing."""
    root = tmp_path / "copy"
    shutil.copytree(repository.layout.root, root)
    shutil.rmtree(root / ".dset" / "cache")
    with Repository.open(root) as other:
        shutil.rmtree(other.layout.snapshots)
        report = take_snapshot(other, project)
        files = contents(report.out)
    shutil.rmtree(root)
    return files


def damage(path, place=None):
    """Change a byte, of an image in the middle where nobody says which."""
    path.chmod(0o644)
    data = bytearray(path.read_bytes())
    data[len(data) // 2 if place is None else place] ^= 1
    path.write_bytes(data)


def database(repository):
    return repository.layout.cache / "encoded" / "encoded.sqlite"


def change_entries(repository, kind, change):
    """Change the stored bytes of all entries of a kind."""
    with closing(sqlite3.connect(database(repository))) as cache, cache:
        rows = cache.execute("SELECT key, value FROM entries").fetchall()
        chosen = [(key, value) for key, value in rows if key.startswith(kind)]
        assert chosen
        cache.executemany("UPDATE entries SET value = ? WHERE key = ?", [(change(value), key) for key, value in chosen])


def test_after_relabelling_nothing_is_rendered(repository, rendered, tmp_path):
    take_snapshot(repository, "nuts")
    assert sum(rendered) == 40
    relabel(repository, [f"nuts/{number:03d}.png" for number in range(0, 40, 2)], "almond")
    report = take_snapshot(repository, "nuts")
    assert sum(rendered) == 40
    assert report.splits["train"].labels["walnut"] == 0
    assert contents(report.out) == anew(repository, tmp_path)


def test_only_new_images_are_rendered(repository, rendered, tmp_path):
    take_snapshot(repository, "nuts")
    put_drawn(repository, 3, first=500)
    commit_working(repository, "three more")
    rendered.clear()
    report = take_snapshot(repository, "nuts")
    assert sum(rendered) == 3
    assert contents(report.out) == anew(repository, tmp_path)


def test_another_project_of_the_same_pixels_takes_them_over(repository, rendered, tmp_path):
    take_snapshot(repository, "nuts")
    make_project(repository, "other", labels=OTHER_LABELS, image=IMAGE)
    rendered.clear()
    report = take_snapshot(repository, "other")
    assert rendered == []
    assert contents(report.out) == anew(repository, tmp_path, "other")


def test_other_pixels_and_other_codecs_are_rendered(repository, rendered, monkeypatch):
    take_snapshot(repository, "nuts")
    rendered.clear()
    make_project(repository, "larger", image=ImageOptions(downsample="both:25x24", encoding="png"))
    take_snapshot(repository, "larger")
    assert sum(rendered) == 40
    monkeypatch.setattr("dvcore.snapshot.shards.rendering.toolchain", lambda: {"pillow": "1.0"})
    make_project(repository, "other", labels=OTHER_LABELS, image=IMAGE)
    take_snapshot(repository, "other")
    assert sum(rendered) == 80


def test_a_damaged_shard_gives_no_image_away(repository, rendered, tmp_path):
    first = take_snapshot(repository, "nuts")
    files = [path for path in sorted(first.out.glob("*.tfrecord-*")) if path.stat().st_size]
    for path in files:
        damage(path)
    rendered.clear()
    make_project(repository, "other", labels=OTHER_LABELS, image=IMAGE)
    report = take_snapshot(repository, "other")
    assert 1 <= sum(rendered) <= len(files)
    assert contents(report.out) == anew(repository, tmp_path, "other")

    rendered.clear()
    relabel(repository, ["nuts/000.png"], "almond")
    again = take_snapshot(repository, "nuts")
    assert verify_files(repository, "nuts@2").ok
    assert contents(again.out) == anew(repository, tmp_path)


@pytest.mark.parametrize("place", [0, 8, -1])
def test_a_record_with_a_damaged_frame_is_made_anew(repository, tmp_path, place):
    first = take_snapshot(repository, "nuts")
    for path in first.out.glob("*.tfrecord-*"):
        if path.stat().st_size:
            damage(path, place)
    relabel(repository, [f"nuts/{number:03d}.png" for number in range(10, 20, 2)], "almond")
    assert contents(take_snapshot(repository, "nuts").out) == anew(repository, tmp_path)


def test_shards_of_many_parts(repository, rendered, monkeypatch, tmp_path):
    monkeypatch.setattr("dvcore.snapshot.shards.shard_making._PART_EXAMPLES", 2)
    take_snapshot(repository, "nuts", jobs=3)
    rendered.clear()
    make_project(repository, "other", labels=OTHER_LABELS, image=IMAGE)
    report = take_snapshot(repository, "other")
    assert rendered == []
    monkeypatch.undo()
    assert contents(report.out) == anew(repository, tmp_path, "other")


def test_a_shard_that_is_gone_gives_no_image_away(repository, rendered):
    shutil.rmtree(take_snapshot(repository, "nuts").out)
    rendered.clear()
    make_project(repository, "other", labels=OTHER_LABELS, image=IMAGE)
    take_snapshot(repository, "other")
    assert sum(rendered) == 40


@pytest.mark.parametrize("kind", [b"image", b"path", b"receipt"])
@pytest.mark.parametrize("change", [lambda value: value[:-1] + bytes([value[-1] ^ 1]), lambda _: b"", lambda _: 7])
def test_what_is_remembered_wrongly_is_not_believed(repository, tmp_path, kind, change):
    take_snapshot(repository, "nuts")
    change_entries(repository, kind, change)
    relabel(repository, ["nuts/000.png", "nuts/002.png"], "almond")
    report = take_snapshot(repository, "nuts")
    assert contents(report.out) == anew(repository, tmp_path)


def test_a_cache_that_is_damaged_or_gone_only_costs_time(repository, rendered, tmp_path):
    take_snapshot(repository, "nuts")
    database(repository).write_bytes(b"no database")
    relabel(repository, ["nuts/000.png"], "almond")
    assert contents(take_snapshot(repository, "nuts").out) == anew(repository, tmp_path)
    shutil.rmtree(repository.layout.cache)
    relabel(repository, ["nuts/002.png"], "almond")
    assert contents(take_snapshot(repository, "nuts").out) == anew(repository, tmp_path)


def test_the_cache_forgets_when_it_grows(repository, rendered, monkeypatch, tmp_path):
    monkeypatch.setattr(image_cache, "MAX_BYTES", 1 << 14)
    first = take_snapshot(repository, "nuts")
    for number in range(0, 16, 2):
        relabel(repository, [f"nuts/{number:03d}.png"], KINDS[1])
        report = take_snapshot(repository, "nuts")
    with closing(sqlite3.connect(database(repository))) as cache:
        kept = {row[0] for row in cache.execute("SELECT key FROM entries")}
    oldest = load_snapshot(repository, first.snapshot).manifest.shards
    newest = load_snapshot(repository, report.snapshot).manifest.shards
    assert not {b"receipt" + shard.inputs for shard in oldest} <= kept
    assert {b"path" + shard.inputs for shard in newest} <= kept
    assert contents(report.out) == anew(repository, tmp_path)


def test_two_projects_at_once_share_the_cache(repository, tmp_path):
    take_snapshot(repository, "nuts")
    for number in range(4):
        make_project(repository, f"other{number}", labels=OTHER_LABELS, image=IMAGE)
    with ThreadPoolExecutor(4) as pool:
        reports = list(pool.map(lambda number: take_snapshot(repository, f"other{number}"), range(4)))
    assert len({report.digest for report in reports}) == 1


def test_a_rebuild_reads_no_cache(repository, rendered):
    take_snapshot(repository, "nuts")
    rendered.clear()
    assert verify_rebuild(repository, "nuts@1").ok
    assert sum(rendered) == 40
