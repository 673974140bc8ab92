"""What is reachable, from what to what."""

from support.repositories import box, file_at, put, snapshot

from dvcore.ids import digest
from dvcore.model.definition import Definition
from dvcore.model.names import parse_path
from dvcore.repo.commits import commit_working, head_commit
from dvcore.repo.links import Kind, Link, cell_links, iter_reachable, operation_links
from dvcore.repo.mirroring import mirror
from dvcore.repo.operations import CellChange, Operation
from dvcore.repo.projects import create_project
from dvcore.repo.repository import Repository
from dvcore.store import Table


def reachable(repository: Repository, start: Link) -> list[Link]:
    seen: set[Link] = set()

    def enter(link: Link) -> bool:
        is_new = link not in seen
        seen.add(link)
        return is_new

    return list(iter_reachable(repository.objects.read, [start], enter))


def test_a_snapshot_leads_to_everything() -> None:
    with Repository.in_memory() as repository:
        put(repository, "nuts/a.jpg", "nuts/b.jpg", "c.jpg", entered=[box("dog")])
        commit_working(repository, "first")
        create_project(repository, "p", Definition())
        head = head_commit(repository)
        assert head is not None
        snapshot(repository, "p", head)
        with repository.store.read() as transaction:
            stored = {key for key, _ in transaction.iter_items(Table.OBJECTS)}
            cells = [name.decode() for name, _ in transaction.iter_items(Table.CELLS, b"ref/snapshots/")]
        from dvcore.repo.cells import find_commit

        with repository.store.read() as transaction:
            start = find_commit(transaction, cells[0])
        assert start is not None
        found = reachable(repository, Link(Kind.COMMIT, start))
        blobs = {link.id for link in found if link.kind is Kind.BLOB}
        assert blobs == {digest(path.encode()) for path in ("nuts/a.jpg", "nuts/b.jpg", "c.jpg")}
        objects = {link.id for link in found if link.kind is not Kind.BLOB}
        assert objects <= stored
        record = repository.working_tree().record(file_at(repository, "c.jpg"))
        assert record.annotations in objects
        # What is not reached: the tree of the empty repository that the first operation came from.
        assert len(stored - objects) < 4


def test_what_is_shared_is_entered_once() -> None:
    with Repository.in_memory() as repository:
        put(repository, *(f"nuts/{number}.jpg" for number in range(50)))
        once = reachable(repository, Link(Kind.TREE, repository.work("main")))
        for number in range(5):
            mirror(repository, [parse_path("nuts")], parse_path(f"mirror {number}"))
        mirrored = reachable(repository, Link(Kind.TREE, repository.work("main")))
        assert len(mirrored) == len(once)


def test_cells_and_operations() -> None:
    commit, tree = bytes(32), bytes([1] * 32)
    assert list(cell_links("ref/tags/v1", commit)) == [Link(Kind.COMMIT, commit)]
    assert list(cell_links("work/main", tree)) == [Link(Kind.TREE, tree)]
    assert list(cell_links("head", "main")) == list(cell_links("counter/snapshots/p", 3)) == []
    changes = (CellChange("work/main", None, tree), CellChange("ref/heads/main", commit, None))
    operation = Operation(1, "do", "x", "y", 0, changes)
    assert list(operation_links(operation)) == [Link(Kind.TREE, tree), Link(Kind.COMMIT, commit)]
