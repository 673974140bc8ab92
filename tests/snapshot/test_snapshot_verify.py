import sqlite3
from contextlib import closing
from dataclasses import replace

import pytest
from support.datasets import drawn_repository, make_project

from dvcore.errors import InvalidInputError, NotFoundError
from dvcore.model.manifest import encode_manifest
from dvcore.repo.projects import load_project, record_snapshot
from dvcore.snapshot.catalog.snapshots import load_snapshot
from dvcore.snapshot.taking.take import take_snapshot
from dvcore.snapshot.verifying.verify import verify_files, verify_rebuild
from dvcore.tfrecord.example import text_feature


@pytest.fixture
def repository(tmp_path):
    with drawn_repository(tmp_path / "work", 40) as made:
        make_project(made)
        take_snapshot(made, "nuts")
        yield made


def files(repository):
    return sorted((repository.layout.snapshots / "nuts@1").glob("*.tfrecord-*"))


def test_what_was_written_is_found_right(repository):
    verification = verify_files(repository, "nuts@1")
    assert (verification.ok, verification.shards, verification.problems) == (True, 3, ())


def test_every_fault_is_named(repository):
    first, second, third = files(repository)
    first.unlink()
    for path in (second, third):
        path.chmod(0o644)
    data = third.read_bytes()
    second.write_bytes(second.read_bytes() + b"x")
    third.write_bytes(data[:20] + bytes([data[20] ^ 1]) + data[21:])
    (third.parent / "features.json").write_text("{}")
    verification = verify_files(repository, "nuts@1")
    assert not verification.ok
    assert len(verification.problems) == 4
    text = "\n".join(verification.problems)
    assert f"{first.name} is missing" in text
    assert f"{second.name} has not" in text
    assert f"{third.name} has other bytes" in text
    assert "features.json was changed" in text


def test_a_rebuild_needs_no_files(repository):
    for path in files(repository):
        path.unlink()
    assert verify_rebuild(repository, "nuts@1").ok


def test_another_toolchain_that_makes_the_same_bytes_is_no_fault_but_said(repository, monkeypatch):
    monkeypatch.setattr("dvcore.snapshot.examples.recipe.toolchain", lambda: {"pillow": "1.0"})
    verification = verify_rebuild(repository, "nuts@1")
    assert verification.ok
    assert "(here 1.0)" in verification.notes[0]


def test_a_rebuild_names_shards_that_come_out_different(repository, monkeypatch):
    monkeypatch.setattr("dvcore.snapshot.examples.pictures.text_feature", lambda text: text_feature(text + "!"))
    verification = verify_rebuild(repository, "nuts@1")
    assert [problem.split()[0] for problem in verification.problems] == [
        "nuts-train.tfrecord-00000-of-00001", "nuts-eval.tfrecord-00000-of-00001", "nuts-test.tfrecord-00000-of-00001",
    ]  # fmt: skip
    (note,) = verification.notes
    assert note.startswith("40 examples differ in features that are no images: nuts/000.png, ")


def poison(repository):
    """Let the index say what the tree does not: every file is a walnut."""
    path = repository.layout.cache / "index" / "index.sqlite"
    with closing(sqlite3.connect(path)) as index, index:
        assert index.execute("UPDATE files SET v0 = 'walnut' WHERE v0 = 'almond'").rowcount == 20


def test_a_rebuild_does_not_ask_the_index(repository):
    poison(repository)
    assert verify_rebuild(repository, "nuts@1").ok


def test_a_snapshot_that_a_wrong_index_made_is_found(repository):
    poison(repository)
    make_project(repository, "misled")
    assert take_snapshot(repository, "misled").splits["train"].labels["almond"] == 0  # the index was asked
    problems = verify_rebuild(repository, "misled@1").problems
    assert "misled-train.tfrecord-00000-of-00001 came out with other bytes" in problems
    assert problems[-1] == "the manifest has other counts of labels than the commit gives"


def forge(repository, **changes):
    """Record another snapshot, whose manifest says something else than its files."""
    snapshot = load_snapshot(repository, "nuts@1")
    record_snapshot(
        repository,
        load_project(repository, "nuts"),
        dataset=snapshot.dataset,
        definition=snapshot.definition,
        manifest=encode_manifest(replace(snapshot.manifest, **changes)),
        draft=repository.draft(),
    )


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("examples", lambda manifest: manifest.left_out, "other examples"),
        ("left_out", lambda manifest: manifest.examples, "other files as left out"),
        ("left_out_counts", lambda _: {"no image": 1}, "other files as left out"),
        ("label_counts", lambda manifest: manifest.label_counts[::-1], "other counts of labels"),
    ],
)
def test_a_rebuild_compares_all_that_the_manifest_says(repository, field, value, message):
    forge(repository, **{field: value(load_snapshot(repository, "nuts@1").manifest)})
    (problem,) = verify_rebuild(repository, "nuts@2").problems
    assert message in problem


def test_names_that_are_none(repository):
    with pytest.raises(InvalidInputError, match="nuts@1"):
        verify_files(repository, "nuts")
    with pytest.raises(NotFoundError, match="no snapshot nuts@2"):
        verify_files(repository, "nuts@2")
