import hashlib
import json
import stat
from dataclasses import replace

import pytest
from blake3 import blake3
from support.datasets import TWO_KINDS, broken, drawn, drawn_repository, make_project, put_drawn, put_files, relabel

from dvcore.errors import ConflictError, ExistsError, InvalidInputError, NotFoundError, StateError
from dvcore.image.render import render_all
from dvcore.model.definition import Definition, ImageOptions, Label, Split
from dvcore.repo.adding import OnExisting
from dvcore.repo.commits import commit_working
from dvcore.repo.projects import load_project
from dvcore.repo.repository import Repository
from dvcore.repo.staging import mended_folder, staging_folder
from dvcore.snapshot.catalog.snapshots import iter_exported, iter_left_out, load_snapshot
from dvcore.snapshot.taking.take import preview_snapshot, take_snapshot
from dvcore.tfrecord.example import decode_example
from dvcore.tfrecord.records import iter_records

SIXTEEN = (Split("train", "0.8", None, 16), Split("test", "0.2", None, 2))


@pytest.fixture
def repository(tmp_path):
    with drawn_repository(tmp_path / "work") as made:
        make_project(made)
        yield made


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def examples_of(path):
    with path.open("rb") as file:
        return [decode_example(record) for record in iter_records(file, path.name)]


def records_of(folder):
    """Examples by file name, from all shards."""
    found = {}
    for path in sorted(folder.glob("*.tfrecord-*")):
        for example in examples_of(path):
            found[example["image/filename"].values[0].decode()] = example
    return found


def test_a_snapshot_holds_every_image_once(repository):
    report = take_snapshot(repository, "nuts")
    assert (report.snapshot, report.is_new, report.out.name) == ("nuts@1", True, "nuts@1")
    examples = records_of(report.out)
    assert sorted(examples) == [f"nuts/{number:03d}.png" for number in range(40)]
    seven = examples["nuts/007.png"]
    assert seven["image/encoded"].values == (drawn(7),)
    assert seven["image/class/text"].values == (b"almond",)
    assert seven["image/class/label"].values == (1,)
    assert seven["image/class/onehot"].values == (0.0, 1.0)
    assert (seven["image/height"].values, seven["image/width"].values) == ((8,), (12,))
    assert seven["image/format"].values == (b"png",)


def test_the_report_adds_up(repository):
    report = take_snapshot(repository, "nuts")
    for split in report.splits.values():
        assert sum(split.labels.values()) == split.examples == sum(shard.examples for shard in split.shards)
        for shard in split.shards:
            assert (report.out / shard.name).stat().st_size == shard.size
    assert sum(split.examples for split in report.splits.values()) == 40


def test_the_manifest_names_every_example(repository):
    put_files(repository, {"nuts/x.png": drawn(77), "nuts/notes.txt": b"no image"})
    commit_working(repository, "more")
    report = take_snapshot(repository, "nuts")
    snapshot = load_snapshot(repository, "nuts@1")
    by_path = {exported.path: (file, exported) for file, exported in iter_exported(repository, snapshot)}
    for path, example in records_of(report.out).items():
        file, exported = by_path.pop(path)
        assert example["image/source_id"].values == (file.hex().encode(),)
        assert example["image/class/label"].values == exported.labels
    assert not by_path
    assert sorted(reason for _, reason in iter_left_out(repository, snapshot)) == ["no image", "no label"]
    assert report.left_out == {"no image": 1, "no label": 1}


def test_taking_it_again_gives_the_same_one(repository):
    first = take_snapshot(repository, "nuts")
    before = contents(first.out)
    again = take_snapshot(repository, "nuts")
    assert (again.snapshot, again.is_new, again.made) == ("nuts@1", False, 0)
    assert again.digest == first.digest
    assert contents(first.out) == before


def test_missing_and_damaged_files_are_made_again(repository):
    report = take_snapshot(repository, "nuts")
    before = contents(report.out)
    names = sorted(name for name in before if "tfrecord" in name)
    (report.out / names[0]).unlink()
    damaged = report.out / names[1]
    damaged.chmod(0o644)
    damaged.write_bytes(before[names[1]][:-1] + b"?")
    (report.out / "label_map.pbtxt").unlink()
    assert take_snapshot(repository, "nuts").made == 2
    assert contents(report.out) == before


def test_two_repositories_any_number_of_jobs_same_bytes(tmp_path):
    digests, files = set(), []
    for name, jobs in (("a", 1), ("b", 2), ("c", 5)):
        with drawn_repository(tmp_path / name) as made:
            make_project(made, splits=SIXTEEN, image=ImageOptions(color="gray", downsample="both:6x6"))
            report = take_snapshot(made, "nuts", jobs=jobs)
        digests.add(report.digest)
        files.append(contents(report.out))
    assert len(digests) == 1
    assert files[0] == files[1] == files[2]


def test_relabelling_changes_only_the_shards_of_those_images(repository):
    make_project(repository, "many", splits=SIXTEEN)
    first = take_snapshot(repository, "many")
    changed = ["nuts/000.png", "nuts/002.png", "nuts/010.png"]
    relabel(repository, changed, "almond")
    second = take_snapshot(repository, "many")
    old, new = contents(first.out), contents(second.out)
    holders = {
        path.name
        for path in second.out.glob("*.tfrecord-*")
        for one in examples_of(path)
        if one["image/filename"].values[0].decode() in changed
    }
    differing = {name for name in new if "tfrecord" in name and new[name] != old[name]}
    assert differing == holders
    assert second.made == len(holders)
    unchanged = sorted(
        path for path in second.out.glob("*.tfrecord-*") if path.name not in holders and path.stat().st_size
    )
    assert len(unchanged) == second.shared
    assert all(path.samefile(first.out / path.name) for path in unchanged)


def test_added_images_leave_the_shards_of_the_others(repository):
    make_project(repository, "many", splits=SIXTEEN)
    first = take_snapshot(repository, "many")
    put_drawn(repository, 2, first=500)
    commit_working(repository, "two more")
    second = take_snapshot(repository, "many")
    differing = {
        name for name, data in contents(second.out).items() if "tfrecord" in name and contents(first.out)[name] != data
    }
    assert 1 <= len(differing) <= 2


def test_replaced_bytes_keep_their_split_and_reach_the_next_snapshot(repository):
    first = take_snapshot(repository, "nuts")
    replaced = {f"nuts/{number:03d}.png": drawn(number + 100) for number in range(10)}
    put_files(repository, replaced, on_existing=OnExisting.REPLACE)
    commit_working(repository, "better pictures")
    second = take_snapshot(repository, "nuts")
    for path, data in replaced.items():
        assert records_of(second.out)[path]["image/encoded"].values == (data,)
    assert {name: split.examples for name, split in second.splits.items()} == {
        name: split.examples for name, split in first.splits.items()
    }


def test_the_manifests_hashes_are_those_of_the_files(repository):
    report = take_snapshot(repository, "nuts")
    snapshot = load_snapshot(repository, "nuts@1")
    for shard in snapshot.manifest.shards:
        data = (report.out / snapshot.file_name(shard)).read_bytes()
        assert (shard.blake3, shard.sha256) == (blake3(data).digest(), hashlib.sha256(data).digest())


def test_shards_are_read_only(repository):
    report = take_snapshot(repository, "nuts")
    modes = {stat.S_IMODE(path.stat().st_mode) for path in report.out.glob("*.tfrecord-*")}
    assert modes == {0o444}


def test_the_definition_is_frozen_with_its_numbers_of_shards(repository):
    assert {split.shards for split in load_project(repository, "nuts").definition.splits} == {None}
    take_snapshot(repository, "nuts")
    assert {split.shards for split in load_project(repository, "nuts").definition.splits} == {1}


def test_uncommitted_changes_are_refused_unless_a_revision_is_named(repository):
    put_drawn(repository, 1, first=900)
    with pytest.raises(StateError, match="uncommitted changes"):
        take_snapshot(repository, "nuts")
    with pytest.raises(StateError, match="not of the working state"):
        take_snapshot(repository, "nuts", at="WORK")
    assert take_snapshot(repository, "nuts", at="HEAD").snapshot == "nuts@1"


def test_without_a_commit_the_advice_is_to_make_one():
    repository = Repository.in_memory()
    put_drawn(repository, 1)
    make_project(repository)
    with pytest.raises(StateError, match="dset commit"):
        take_snapshot(repository, "nuts")


def test_an_older_commit_and_a_snapshots_name_are_revisions_too(repository):
    relabel(repository, ["nuts/000.png"], "almond")
    newest = take_snapshot(repository, "nuts")
    oldest = take_snapshot(repository, "nuts", at="HEAD~1")
    assert (newest.snapshot, oldest.snapshot) == ("nuts@1", "nuts@2")
    assert newest.digest != oldest.digest
    assert take_snapshot(repository, "nuts", at="nuts@2").snapshot == "nuts@2"
    assert take_snapshot(repository, "nuts", at="nuts@2").commit == oldest.commit


def test_an_unknown_project_suggests_the_nearest(repository):
    with pytest.raises(NotFoundError, match="did you mean 'nuts'"):
        take_snapshot(repository, "nutz")


def test_a_chosen_folder(repository, tmp_path):
    out = tmp_path / "deep" / "out"
    report = take_snapshot(repository, "nuts", out=out)
    assert report.out == out
    assert len(records_of(out)) == 40
    assert not (repository.layout.snapshots / "nuts@1").exists()
    before = contents(out)
    (out / "nuts-train.tfrecord-00000-of-00001").unlink()
    assert take_snapshot(repository, "nuts", out=out).made == 1
    assert contents(out) == before
    assert take_snapshot(repository, "nuts").shared == 3
    assert contents(repository.layout.snapshots / "nuts@1") == before


def test_a_folder_that_holds_something_else_is_refused(repository, tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("years of work")
    with pytest.raises(ExistsError, match="mine holds something else"):
        take_snapshot(repository, "nuts", out=tmp_path / "mine")
    assert load_project(repository, "nuts").snapshots == ()
    relabel(repository, ["nuts/000.png"], "almond")
    take_snapshot(repository, "nuts", out=tmp_path / "first", at="HEAD~1")
    with pytest.raises(ExistsError, match="first holds something else"):
        take_snapshot(repository, "nuts", out=tmp_path / "first")


def test_what_was_written_when_a_process_was_killed_goes(repository, tmp_path):
    out = take_snapshot(repository, "nuts", out=tmp_path / "out").out
    before = contents(out)
    for name in ("nuts-train.tfrecord-00000-of-00001", "snapshot.json", "mine"):
        (out / f".{name}.4711.tmp").write_bytes(b"half")
    take_snapshot(repository, "nuts", out=out)
    assert contents(out).keys() - before.keys() == {".mine.4711.tmp"}


def test_what_was_made_again_is_there_after_a_power_cut(repository, monkeypatch):
    out = take_snapshot(repository, "nuts").out
    whole = contents(out)
    synced = []
    monkeypatch.setattr(
        "dvcore.snapshot.taking.here.sync_folder", lambda folder: synced.append((folder, contents(folder)))
    )
    (out / "nuts-train.tfrecord-00000-of-00001").unlink()
    take_snapshot(repository, "nuts")
    assert synced == [(out, whole)]


def test_two_do_not_mend_one_folder(repository):
    out = take_snapshot(repository, "nuts").out
    with mended_folder(out), pytest.raises(StateError, match="another process is making this snapshot"):
        take_snapshot(repository, "nuts")
    assert not take_snapshot(repository, "nuts").made


def test_a_whole_snapshot_is_not_written_again(repository):
    out = take_snapshot(repository, "nuts").out
    before = {path: (path.stat().st_ino, path.stat().st_mtime_ns) for path in (out, *out.iterdir())}
    take_snapshot(repository, "nuts")
    assert before == {path: (path.stat().st_ino, path.stat().st_mtime_ns) for path in (out, *out.iterdir())}


def test_a_mounted_disk_is_refused_before_the_work(repository, tmp_path, monkeypatch):
    """Its own folder cannot be replaced, which the system says only when all has been made."""
    disk = tmp_path / "disk"
    disk.mkdir()
    monkeypatch.setattr("pathlib.Path.is_mount", lambda path: path == disk)
    with pytest.raises(ExistsError, match="disk is where a disk is mounted"):
        take_snapshot(repository, "nuts", out=disk)
    assert load_project(repository, "nuts").snapshots == ()
    assert take_snapshot(repository, "nuts", out=disk / "nuts").out == disk / "nuts"


def test_a_repository_in_memory_needs_a_folder(tmp_path):
    repository = drawn_repository(None, 4)
    make_project(repository)
    with pytest.raises(StateError, match="name a folder"):
        take_snapshot(repository, "nuts")
    assert take_snapshot(repository, "nuts", out=tmp_path / "out").snapshot == "nuts@1"


def test_an_image_that_cannot_be_rendered_stops_it_and_leaves_nothing(repository):
    put_files(repository, {"nuts/damaged.png": broken(99)}, {"nuts/damaged.png": "walnut"})
    commit_working(repository, "a damaged one")
    make_project(repository, "gray", image=ImageOptions(color="gray"))
    with pytest.raises(InvalidInputError, match=r"nuts/damaged\.png "):
        take_snapshot(repository, "gray", jobs=2)
    assert load_project(repository, "gray").snapshots == ()
    assert list(repository.layout.snapshots.iterdir()) == []


def test_overlapping_labels_stop_it(repository):
    make_project(repository, "both", labels=(Label("a", "true"), Label("b", "kind = 'almond'")))
    with pytest.raises(ConflictError, match="20 images have more than one label"):
        take_snapshot(repository, "both")


def test_a_label_without_images_keeps_its_index(repository):
    labels = (Label("pecan", "name = 'pecan'"), *TWO_KINDS)
    make_project(repository, "three", labels=labels)
    report = take_snapshot(repository, "three")
    example = records_of(report.out)["nuts/000.png"]
    assert example["image/class/label"].values == (1,)
    assert example["image/class/onehot"].values == (0.0, 1.0, 0.0)
    assert "the label 'pecan' is empty; it keeps its index 0" in report.warnings


def test_without_labels_there_is_no_class_feature(repository):
    make_project(repository, "plain", labels=())
    report = take_snapshot(repository, "plain")
    assert not any(key.startswith("image/class") for key in records_of(report.out)["nuts/000.png"])
    assert not (report.out / "label_map.pbtxt").exists()


def test_a_preview_writes_nothing(repository):
    assert len(preview_snapshot(repository, "nuts").examples) == 40
    assert load_project(repository, "nuts").snapshots == ()
    assert not any(repository.layout.snapshots.glob("*"))


def test_what_a_killed_process_left_is_cleared(tmp_path):
    with staging_folder(tmp_path, "key") as folder:
        pass
    folder.mkdir()
    (folder / ".half.tmp").write_bytes(b"half")
    with staging_folder(tmp_path, "key") as folder:
        assert list(folder.iterdir()) == []
    assert list(tmp_path.iterdir()) == []


def test_two_processes_do_not_make_the_same_snapshot_at_once(tmp_path):
    with (
        staging_folder(tmp_path, "key"),
        pytest.raises(StateError, match="another process"),
        staging_folder(tmp_path, "key"),
    ):
        pass
    with staging_folder(tmp_path, "one"), staging_folder(tmp_path, "two"):
        pass


def test_another_toolchain_is_named_when_a_shard_comes_out_different(repository, monkeypatch):
    make_project(repository, "gray", image=ImageOptions(color="gray"))
    report = take_snapshot(repository, "gray")
    next(report.out.glob("*train*")).unlink()
    monkeypatch.setattr("dvcore.snapshot.examples.recipe.toolchain", lambda: {"pillow": "1.0"})
    monkeypatch.setattr("dvcore.snapshot.shards.rendering.render_all", other_render)
    with pytest.raises(StateError, match=r"pillow .* \(here 1\.0\)"):
        take_snapshot(repository, "gray")
    assert not any(path.name.endswith(".tmp") for path in report.out.iterdir())


def other_render(data, pipelines):
    """What another encoder may write: the same pixels in other bytes."""
    return tuple(replace(rendered, data=rendered.data + b"\0") for rendered in render_all(data, pipelines))


def test_side_files_name_the_snapshot_and_its_classes(repository):
    report = take_snapshot(repository, "nuts")
    origin = json.loads((report.out / "snapshot.json").read_text())
    assert origin["snapshot"] == "nuts@1"
    assert origin["digest"] == report.digest.hex()
    assert origin["labels"] == ["walnut", "almond"]
    assert (report.out / "label_map.pbtxt").read_text() == (
        'item {\n  id: 1\n  name: "walnut"\n}\nitem {\n  id: 2\n  name: "almond"\n}\n'
    )


def test_a_definition_without_changes_gives_the_same_definition(repository):
    assert load_project(repository, "nuts").definition == Definition(labels=TWO_KINDS)
