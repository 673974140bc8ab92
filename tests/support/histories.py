"""Histories as lists: each commit its time and the places of its parents, which come before it."""

from hypothesis import strategies as st

from dvcore.ids import CommitId, TreeId
from dvcore.model.commit import Commit
from dvcore.repo.edits import empty_tree
from dvcore.repo.objects import Objects, save_commit
from dvcore.repo.repository import Repository

History = list[tuple[int, list[int]]]


class Counting(Objects):
    """Counts the objects that are read."""

    __slots__ = ("number",)

    def __init__(self, objects: Objects) -> None:
        super().__init__(objects)
        self.number = 0

    def read(self, object_id: bytes) -> bytes:
        self.number += 1
        return super().read(object_id)


@st.composite
def histories(draw: st.DrawFn, *, most: int = 12, skew: int = 0) -> History:
    """Of clocks that stand still at times, and go back by `skew` at most."""
    history: History = []
    for place in range(draw(st.integers(1, most))):
        parents = draw(st.lists(st.integers(0, place - 1), max_size=3, unique=True)) if place else []
        newest = max((history[parent][0] for parent in parents), default=1_000)
        history.append((newest + draw(st.integers(-skew, 2)), parents))
    return history


def commits(repository: Repository, history: History) -> tuple[Objects, list[CommitId]]:
    """The commits of a history, each of the same tree and with its place as message, and what reads them."""
    draft = repository.draft()
    tree: TreeId = empty_tree(draft)
    ids: list[CommitId] = []
    for place, (time, parents) in enumerate(history):
        commit = Commit(tree, tuple(ids[parent] for parent in parents), "Ada <ada@example.org>", time, str(place))
        ids.append(save_commit(draft, commit))
    return Objects(draft), ids


def ancestors(history: History) -> list[set[int]]:
    """What each commit leads to, itself among it."""
    reach: list[set[int]] = []
    for place, (_, parents) in enumerate(history):
        reach.append({place}.union(*(reach[parent] for parent in parents)))
    return reach
