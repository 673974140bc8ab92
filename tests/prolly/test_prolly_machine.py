"""A prolly map against a dict: whatever is done to both, they hold the same and the root is that of a rebuild."""

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from support.prolly_content import Items, heavy_key, heavy_value
from support.prolly_nodes import MemoryNodes

from dvcore.ids import NodeId
from dvcore.prolly import Difference, ProllyMap, build, diff, edit, iter_nodes, verify

NUMBERS = st.integers(0, 400)
SEEDS = st.integers(0, 60)


class MapMachine(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.nodes = MemoryNodes()
        self.content: Items = {}
        self.root = NodeId(b"")
        self.past: list[tuple[NodeId, Items]] = []

    @initialize(numbers=st.sets(NUMBERS))
    def start(self, numbers: set[int]) -> None:
        self.content = {heavy_key(number): heavy_value(number) for number in sorted(numbers)}
        self.root = build(self.nodes, self.content.items())

    def apply(self, edits: dict[bytes, bytes | None]) -> None:
        self.past.append((self.root, self.content))
        self.root = edit(self.nodes, self.root, edits.items())
        merged = {**self.content, **edits}
        self.content = {key: value for key, value in sorted(merged.items()) if value is not None}

    @rule(edits=st.dictionaries(NUMBERS, st.none() | SEEDS, max_size=12))
    def edit_some(self, edits: dict[int, int | None]) -> None:
        self.apply({heavy_key(n): None if seed is None else heavy_value(seed) for n, seed in edits.items()})

    @rule(first=NUMBERS, count=st.integers(1, 200), step=st.integers(1, 3), seed=st.none() | SEEDS)
    def edit_a_range(self, first: int, count: int, step: int, seed: int | None) -> None:
        numbers = range(first, first + count, step)
        self.apply({heavy_key(n): None if seed is None else heavy_value(n + seed) for n in numbers})

    @rule(choice=st.integers(0, 1000))
    def go_back(self, choice: int) -> None:
        if self.past:
            self.root, self.content = self.past[choice % len(self.past)]

    @rule(choice=st.integers(0, 1000))
    def compare_with_the_past(self, choice: int) -> None:
        if self.past:
            root, old = self.past[choice % len(self.past)]
            keys = sorted(key for key in old.keys() | self.content.keys() if old.get(key) != self.content.get(key))
            wanted = [Difference(key, old.get(key), self.content.get(key)) for key in keys]
            assert list(diff(self.nodes, root, self.root)) == wanted

    @rule(start=NUMBERS, stop=NUMBERS)
    def read_a_range(self, start: int, stop: int) -> None:
        low, high = heavy_key(start), heavy_key(stop)
        wanted = [(key, value) for key, value in self.content.items() if low <= key < high]
        assert list(ProllyMap(self.nodes, self.root).iter_items(low, high)) == wanted

    @rule(number=NUMBERS)
    def read_one(self, number: int) -> None:
        assert ProllyMap(self.nodes, self.root).get(heavy_key(number)) == self.content.get(heavy_key(number))

    @rule()
    def copy_the_nodes_elsewhere(self) -> None:
        elsewhere = MemoryNodes()
        for node_id, _ in iter_nodes(self.nodes, self.root):
            elsewhere.put(self.nodes.read(node_id))
        verify(elsewhere, self.root)
        self.nodes.data |= elsewhere.data

    @invariant()
    def the_root_is_that_of_a_rebuild(self) -> None:
        if self.root:
            assert self.root == build(MemoryNodes(), self.content.items())
            assert len(ProllyMap(self.nodes, self.root)) == len(self.content)


TestMap = MapMachine.TestCase
TestMap.settings = settings(max_examples=40, stateful_step_count=15, deadline=None)
