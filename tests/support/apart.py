"""Two people with a repository each, what one has carried to the other without any remote's bytes, and roots that say
what a remote would."""

from collections.abc import Mapping
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Final

from dvcore.ids import CommitId
from dvcore.remote.exchange.adopted import Adopted
from dvcore.remote.exchange.refs import record_cloned, record_fetched
from dvcore.remote.roots.root import Root
from dvcore.repo.repository import Repository
from dvcore.store import Store, Table, WriteTransaction
from support.remotes import counters_of, refs_of
from support.repositories import ticking

_numbers = count(1)
BOB: Final = "Bob <bob@example.org>"


def carry(source: Repository, target: Repository) -> None:
    """Everything that is stored in one repository is in the other, too; cells apart."""
    for one, other in ((source.store, target.store), (source.stores.blobs, target.stores.blobs)):
        _copy(one, other)


def root_of(repository: Repository, refs: Mapping[str, CommitId] | None = None, *, identity: bytes = b"r" * 32) -> Root:
    """What a remote says to which all of a repository was pushed, or these refs; each call gives a later one."""
    serial = next(_numbers)
    writes = tuple(number.to_bytes(16, "big") for number in range(max(1, serial - 63), serial + 1))
    refs = refs_of(repository) if refs is None else refs
    return Root(identity, serial, writes, refs, head=repository.branch(), counters=counters_of(repository))


def cloned(source: Repository, folder: Path | None, *, author: str = BOB) -> Repository:
    """A clone, on disk or in memory."""
    clock = ticking()
    if folder is None:
        made = Repository.in_memory(author=author, clock=clock)
    else:
        made = Repository.init(folder, author=author, clock=clock)
    carry(source, made)
    record_cloned(made, "origin", root_of(source), done="clone: here")
    return made


def fetch(repository: Repository, other: Repository, name: str = "origin", **options: object) -> Adopted:
    """Fetch from a remote to which all of another repository was pushed."""
    carry(other, repository)
    return record_fetched(repository, name, root_of(other), **options)  # type: ignore[arg-type]


def without(root: Root, *refs: str) -> Root:
    """The next state of a remote, without some refs."""
    left = {ref: id_ for ref, id_ in root.refs.items() if ref not in refs}
    return replace(root, refs=left, serial=root.serial + 1, writes=(*root.writes, b"w" * 16)[-64:])


def _copy(source: Store, target: Store) -> None:
    with source.read() as reading:
        values = [
            (table, key, value)
            for table in Table
            if table is not Table.CELLS
            for key, value in reading.iter_items(table)
        ]

    def put(transaction: WriteTransaction) -> None:
        for one in values:
            transaction.put(*one)

    target.update(put)
