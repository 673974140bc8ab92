"""Notes in the operation log: changes that are not undone, and do not end redo."""

from functools import partial

import pytest
from support.repositories import AUTHOR, descriptions, paths, put

from dvcore.errors import CorruptError, NeedsNewerError, StateError
from dvcore.ids import CommitId
from dvcore.repo.branches import create_tag, delete_tag, list_tags
from dvcore.repo.cells import find_cell, tag_cell
from dvcore.repo.commits import commit_working
from dvcore.repo.operations import DO, LOG, NOTE, CellChange, Who, iter_operations, parse_operation, record, record_note
from dvcore.repo.repository import Repository
from dvcore.repo.undoing import redo_newest, undo_newest
from dvcore.store import Table

NOTE_BYTES = bytes.fromhex(
    "53e5b12aa5ed0a6772c1a3d93d3109b9"  # checksum
    "86"
    "a6617574686f72b5416461203c616461406578616d706c652e6f72673e"  # author
    "a76368616e6765739193ab7265662f746167732f7631c0"  # changes: ref/tags/v1 was not there
    "c420000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
    "ab6465736372697074696f6ead66657463683a206f726967696e"  # description: fetch: origin
    "a46b696e64a46e6f7465"  # kind: note
    "a474696d6505"
    "a776657273696f6e02"
)


def note(repository: Repository, **tags: CommitId | None) -> None:
    """What a fetch does."""
    cells = {tag_cell(name): commit for name, commit in tags.items()}
    repository.store.update(lambda transaction: record_note(transaction, repository.who(), "fetch: origin", cells))


def test_it_is_not_undone(repository: Repository) -> None:
    put(repository, "1")
    commit = commit_working(repository, "first")
    put(repository, "2")
    note(repository, v1=commit)
    assert undo_newest(repository).description == "import"
    assert (paths(repository), dict(list_tags(repository))) == (["1"], {"v1": commit})
    assert (undo_newest(repository).description, undo_newest(repository).description) == ("commit: first", "import")
    with pytest.raises(StateError, match="nothing to undo"):
        undo_newest(repository)
    assert dict(list_tags(repository)) == {"v1": commit}


def test_it_does_not_end_redo(repository: Repository) -> None:
    put(repository, "1")
    commit = commit_working(repository, "first")
    put(repository, "2")
    undo_newest(repository)
    note(repository, v1=commit)
    assert redo_newest(repository).description == "import"
    assert paths(repository) == ["1", "2"]
    undo_newest(repository)
    note(repository, v2=commit)
    note(repository, v2=None)
    assert redo_newest(repository).description == "import"
    with pytest.raises(StateError, match="nothing to redo"):
        redo_newest(repository)


def test_what_it_moved_is_passed_over_with_all_that_hangs_on_it(repository: Repository) -> None:
    put(repository, "1")
    first = commit_working(repository, "first")
    create_tag(repository, "both", first)
    create_tag(repository, "free", first)
    put(repository, "2")
    second = commit_working(repository, "second")
    note(repository, v1=first)
    who = repository.who()
    cells = {tag_cell("both"): second, tag_cell("v1"): second}
    repository.store.update(lambda transaction: record(transaction, who, "two tags", cells))
    note(repository, v1=second)
    expected = ["commit: second", "import", "tag: free", "commit: first", "import"]
    assert [undo_newest(repository).description for _ in expected] == expected
    with pytest.raises(StateError, match="nothing to undo"):
        undo_newest(repository)
    assert dict(list_tags(repository)) == {"both": second, "v1": second}


def test_what_comes_after_it_is_undone_and_done_again(repository: Repository) -> None:
    put(repository, "1")
    first = commit_working(repository, "first")
    create_tag(repository, "v1", first)
    delete_tag(repository, "v1")
    note(repository, v1=first)
    delete_tag(repository, "v1")
    assert undo_newest(repository).description == "tag: delete v1"
    assert dict(list_tags(repository)) == {"v1": first}
    redo_newest(repository)
    undo_newest(repository)
    assert undo_newest(repository).description == "commit: first"
    assert descriptions(repository)[0] == "undo: commit: first"


def test_its_bytes() -> None:
    """Golden: what version 2 of a log entry is on the disk. Other kinds stay as they were in version 1."""
    repository = Repository.in_memory()
    cells = {tag_cell("v1"): CommitId(bytes(range(32)))}
    for write in (record_note, record):
        done = partial(write, who=Who(AUTHOR, 5), description="fetch: origin", values=cells)
        repository.store.update(done)
    with repository.store.read() as transaction:
        assert transaction.get(Table.CELLS, b"log/0000000000000001") == NOTE_BYTES
        values = [find_cell(transaction, f"log/000000000000000{number}") for number in (1, 2)]
        plain, noted = iter_operations(transaction)
    assert [(value["kind"], value["version"]) for value in values] == [("note", 2), ("do", 1)]
    assert (noted.kind, plain.kind) == (NOTE, DO)
    assert noted.changes == (CellChange(tag_cell("v1"), None, bytes(range(32))),)


@pytest.mark.parametrize(
    ("change", "error", "expected"),
    [
        ({"version": 1}, CorruptError, "is none"),
        ({"version": 2, "kind": "do"}, CorruptError, "is none"),
        ({"version": 3}, NeedsNewerError, "another version"),
        ({"kind": "notes"}, CorruptError, "is none"),
        ({"more": 1}, NeedsNewerError, "unknown fields"),
        ({"target": 1}, CorruptError, "is none"),
        ({"version": 1, "kind": "do", "target": 1}, CorruptError, "is none"),
        ({"version": 1, "kind": "undo"}, CorruptError, "is none"),
    ],
)
def test_one_that_cannot_be_right(change: dict[str, object], error: type[Exception], expected: str) -> None:
    value = {"author": AUTHOR, "changes": [], "description": "fetch", "kind": "note", "time": 1, "version": 2}
    name = f"{LOG}{2:016d}"
    assert parse_operation(name, value).kind == NOTE
    with pytest.raises(error, match=expected):
        parse_operation(name, value | change)
