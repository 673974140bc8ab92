"""Whatever was done before: a collection changes nothing that can be seen, and leaves a sound repository."""

from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st
from support.noise import noise
from support.repositories import AUTHOR, assert_sound, label, labels_at, paths, put, snapshot, ticking

from dvcore.errors import ConflictError, ExistsError, InvalidInputError, NotFoundError, StateError
from dvcore.model.definition import Definition
from dvcore.model.names import parse_path
from dvcore.repo.branches import create_branch, create_tag, delete_branch, list_branches, list_tags, switch_branch
from dvcore.repo.commits import commit_working, has_uncommitted, head_commit, iter_history
from dvcore.repo.copying import CopyOptions, copy
from dvcore.repo.entries import remove
from dvcore.repo.gc import collect_garbage
from dvcore.repo.mirroring import mirror
from dvcore.repo.operations import iter_operations
from dvcore.repo.projects import create_project, list_projects, load_project, snapshot_commit
from dvcore.repo.repository import Repository
from dvcore.repo.undoing import redo_newest, undo_newest

LARGE = noise(1 << 20).decode("latin-1")
"""More than 1 MiB as UTF-8, so that it is stored in chunks."""

STEPS: dict[str, Callable[[Repository, int], object]] = {
    "put": lambda r, n: put(r, f"d{n % 2}/f{n}", data=f"{n % 3}"),
    "put large": lambda r, n: put(r, f"large{n % 2}", data=LARGE + "x" * (n % 2), facts=None),
    "label": lambda r, n: label(r, f"d{n % 2}/f{n}", "dog", *["cat"] * (n % 3)),
    "mirror": lambda r, n: mirror(r, [parse_path(f"d{n % 2}")], parse_path(f"m{n}")),
    "copy": lambda r, n: copy(r, [parse_path(f"d{n % 2}")], parse_path(f"c{n}"), options=CopyOptions()),
    "remove": lambda r, n: remove(r, [parse_path(f"d{n % 2}")]),
    "commit": lambda r, n: commit_working(r, f"commit {n}"),
    "tag": lambda r, n: create_tag(r, f"t{n}", head(r)),
    "branch": lambda r, n: create_branch(r, f"b{n % 2}", head(r)),
    "switch": lambda r, n: switch_branch(r, ("main", "b0", "b1")[n % 3]),
    "delete branch": lambda r, n: delete_branch(r, f"b{n % 2}", force=True),
    "project": lambda r, n: create_project(r, f"p{n % 2}", Definition()),
    "snapshot": lambda r, n: snapshot(r, f"p{n % 2}", head(r)),
    "undo": lambda r, _: undo_newest(r),
    "redo": lambda r, _: redo_newest(r),
    "collect": lambda r, n: collect_garbage(r, keep_operations=timedelta(seconds=3 * n)),
}


def head(repository: Repository):  # type: ignore[no-untyped-def]
    found = head_commit(repository)
    if found is None:
        raise StateError("no commit yet")
    return found


def visible(repository: Repository) -> object:
    """Everything that somebody can see, on every branch and in every commit that has a name."""
    branches, tags = list_branches(repository), list_tags(repository)
    commits = {one.commit for one in branches if one.commit} | {commit for _, commit in tags}
    snapshots = {
        f"{name}@{number}": snapshot_commit(repository, name, number)
        for name in list_projects(repository)
        for number in load_project(repository, name).snapshots
    }
    with repository.store.read() as transaction:
        log = list(iter_operations(transaction))
    return (
        [(one, contents(repository, repository.work(one.name))) for one in branches],
        tags,
        snapshots,
        [
            [(id_, commit, contents(repository, commit.tree)) for id_, commit in iter_history(repository, start)]
            for start in sorted({*commits, *snapshots.values()})
        ],
        [(path, labels_at(repository, path)) for path in paths(repository)],
        has_uncommitted(repository),
        log,
    )


def contents(repository: Repository, tree):  # type: ignore[no-untyped-def]
    reader = repository.tree(tree)
    files = {file: (record, repository.blobs.read(record.blob)) for file, record in reader.iter_records()}
    return [(path, files[file]) for path, file in reader.iter_files()]


def run(repository: Repository, steps: list[tuple[str, int]]) -> None:
    for name, number in steps:
        with suppress(NotFoundError, ExistsError, ConflictError, StateError, InvalidInputError):
            STEPS[name](repository, number)


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from(sorted(STEPS)), st.integers(0, 5)), max_size=25),
    st.integers(0, 30),
    st.lists(st.tuples(st.sampled_from(sorted(STEPS)), st.integers(0, 5)), max_size=6),
)
def test_a_collection_changes_nothing_that_can_be_seen(
    before: list[tuple[str, int]], keep: int, after: list[tuple[str, int]]
) -> None:
    with Repository.in_memory(author=AUTHOR, clock=ticking()) as repository:
        run(repository, before)
        seen = visible(repository)
        collect_garbage(repository, keep_operations=timedelta(seconds=keep))
        assert visible(repository) == seen
        assert_sound(repository)
        run(repository, after)
        assert_sound(repository)
