"""What some commits have beyond others: never too little, and at the cost of what differs."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.worlds import CountingLoad, Given, World

from dvcore.errors import CorruptError
from dvcore.ids import CommitId
from dvcore.model.commit import Commit, decode_commit
from dvcore.model.tree import Directory, Tree, decode_tree
from dvcore.prolly import build
from dvcore.prolly.node import Node, decode_node, encode_node, encode_reference
from dvcore.remote.contents import difference as difference_module
from dvcore.remote.contents.commits_beyond import CommitsBeyond
from dvcore.remote.contents.difference import iter_difference
from dvcore.repo.links import Kind, Link
from dvcore.repo.objects import save_commit, save_tree


@pytest.fixture
def _small_nodes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Some three entries in a node, so that sixty files are a map of four levels."""
    monkeypatch.setattr("dvcore.prolly.splitter.MIN_WEIGHT", 200)
    monkeypatch.setattr("dvcore.prolly.splitter.MAX_WEIGHT", 700)
    monkeypatch.setattr("dvcore.prolly.splitter.BOUNDARY_SHIFT", 23)


def missing(world: World, starts: list[CommitId], bases: list[CommitId]) -> tuple[set[Link], CountingLoad]:
    """All that is given, checked for what always holds."""
    load = CountingLoad(world)
    links: list[Link] = []
    for objects, finals in iter_difference(load, starts, bases, None):
        assert all(world.data[link.id] == data for link, data in objects)
        assert not any(link.kind.is_final for link, _ in objects)
        assert all(link.kind.is_final for link in finals)
        links += [link for link, _ in objects] + finals
    assert len(links) == len(set(links)), "each once"
    assert set(links) <= world.closure(starts), "nothing that does not belong there"
    return set(links), load


paths = st.builds(
    lambda number, at: ("" if at == 0 else f"d{at}/" if at < 4 else f"d1/e{at}/") + f"f{number}",
    st.integers(0, 30),
    st.integers(0, 6),
)
files = st.dictionaries(paths, st.integers(-8, 8), max_size=60)
edits = st.lists(st.tuples(paths, st.none() | st.integers(-8, 8)), max_size=5)


@st.composite
def histories(draw: st.DrawFn) -> list[Given]:
    """Commits of clocks that go back at times; some forget everything, some bring a manifest."""
    commits = [Given(draw(files), time=10)]
    for place in range(draw(st.integers(0, 7))):
        parents = draw(st.lists(st.integers(0, place), max_size=3, unique=True))
        made = dict(commits[draw(st.sampled_from(parents or [place]))].files)
        for path, number in draw(edits):
            made.pop(path, None)
            if number is not None:
                made[path] = number
        if draw(st.booleans()):
            made = {f"moved/{path}": number for path, number in made.items()}
        newest = max((commits[parent].time for parent in parents), default=10)
        examples = draw(st.none() | st.integers(0, 40))
        commits.append(Given(made, parents, newest + draw(st.integers(-2, 3)), examples))
    return commits


@pytest.mark.usefixtures("_small_nodes")
@given(histories(), st.data())
def test_all_that_bases_do_not_lead_to_is_given(history: list[Given], data: st.DataObject) -> None:
    world = World()
    commits = [world.add(one) for one in history]
    starts = data.draw(st.lists(st.sampled_from(commits), min_size=1, max_size=4))
    bases = data.draw(st.lists(st.sampled_from(commits), max_size=4))
    found, _ = missing(world, starts, bases)
    assert world.closure(starts) - world.closure(bases) <= found


@pytest.mark.usefixtures("_small_nodes")
@given(histories())
def test_without_bases_all_is_given_and_every_object_is_read_once(history: list[Given]) -> None:
    world = World()
    commits = [world.add(one) for one in history]
    found, load = missing(world, commits, [])
    assert found == world.closure(commits)
    once = [link for link in load.links if link.kind is Kind.COMMIT]
    assert len(once) == len(set(once))


@pytest.mark.usefixtures("_small_nodes")
@given(histories())
def test_what_the_far_side_has_costs_nothing(history: list[Given]) -> None:
    world = World()
    commits = [world.add(one) for one in history]
    found, load = missing(world, commits, commits)
    assert not found
    assert {link.kind for link in load.links} == {Kind.COMMIT}


def large(changed: int = 0, of: int = 12_000) -> dict[str, int]:
    numbers = {f"images/{number:06}.jpg": number for number in range(of)}
    step = of // changed if changed else 1
    return numbers | {f"images/{number * step:06}.jpg": -1 - number for number in range(changed)}


def test_ten_changes_in_a_large_map_read_little_in_few_rounds() -> None:
    world = World()
    old = world.add(Given(large()))
    new = world.add(Given(large(10), [0], 1))
    found, load = missing(world, [new], [old])
    assert (
        len(found - world.closure([old])) >= 30
    )  # commit, tree, 10 leaves and what is above, 10 blobs, 10 annotations
    assert len([link for link in found if link.kind is Kind.BLOB]) == 10
    assert len(found) < 50
    assert len(load.links) < 80
    assert load.rounds <= 12


@pytest.mark.usefixtures("_small_nodes")
def test_a_map_that_grew_or_lost_a_level_is_not_read_whole() -> None:
    """One file more or less, where it makes the map of files a level higher or lower."""
    world, count = World(), 403
    assert files_level(world, flat(count - 1)) < files_level(world, flat(count)), "the test needs another number"
    low, high = world.add(Given(flat(count - 1))), world.add(Given(flat(count), [0], 1))
    again = world.add(Given(flat(count - 1) | {"f0": -1}, [1], 2))
    leaves = sum(1 for link in world.closure([high]) if link.kind is Kind.FILES)
    for new, old in ((high, low), (again, high)):
        found, load = missing(world, [new], [old])
        assert world.closure([new]) - world.closure([old]) <= found
        assert len([link for link in load.links if link.kind is Kind.FILES]) < leaves / 3


def flat(count: int) -> dict[str, int]:
    return {f"f{number}": number for number in range(count)}


def files_level(world: World, files: dict[str, int]) -> int:
    tree = decode_tree(world.data[world.save_tree(files)])
    return decode_node(world.data[tree.files]).level


def test_a_long_history_is_read_once() -> None:
    world = World()
    state = large(of=1_500)
    world.add(Given(state))
    for place in range(30):
        state = state | {f"images/{place * 41:06}.jpg": -place - 1}
        world.add(Given(state, [place], place + 1))
    found, load = missing(world, world.commits[-1:], world.commits[:1])
    assert len([link for link in found if link.kind is Kind.COMMIT]) == 30
    assert len([link for link in found if link.kind is Kind.BLOB]) == 30
    # Per commit: its tree, two roots and two leaves, and as many of the older side.
    assert len(load.links) < 30 * 15
    assert len(found) < 30 * 10


def test_the_first_commit_of_a_project_is_compared_with_what_is_there() -> None:
    world = World()
    old = world.add(Given(large()))
    world.add(Given(large(3), [0], 5))
    project = world.add(Given(large(2), [], 6))
    found, load = missing(world, [project], [old])
    assert len(found) < 40
    assert len(load.links) < 80


def test_an_object_that_another_commit_in_the_same_round_has_is_still_given() -> None:
    """Where both were left out because of each other, nobody would send it."""
    world = World()
    for place, state in enumerate([{"a/x": 1}, {"a/x": 1, "b/y": 2}, {"b/x": 1, "a/y": 2}, {"a/y": 2}]):
        world.add(Given(state, [place - 1] if place else [], place))
    found, _ = missing(world, world.commits, [])
    assert found == world.closure(world.commits)


def test_much_is_bounded_in_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same through files and many rounds."""
    monkeypatch.setattr("dvcore.store.spilling.MEMORY_BYTES", 2_000)
    monkeypatch.setattr("dvcore.remote.contents.frontier._MEMORY_BYTES", 2_000)
    monkeypatch.setattr(difference_module, "_TOGETHER", 7)
    world = World()
    old, new = world.add(Given(large(of=4_000))), world.add(Given(large(50, of=4_000), [0], 1))
    found, _ = missing(world, [new], [old])
    assert world.closure([new]) - world.closure([old]) <= found
    assert max(len(objects) for objects, _ in iter_difference(world.load, [new], [], None)) <= 7
    whole, _ = missing(world, [new, old], [])
    assert whole == world.closure([new, old])


def test_many_older_leaves_are_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(difference_module, "_FEW_LEAVES", 5)
    world = World()
    old, new = world.add(Given(large(of=4_000))), world.add(Given(large(10, of=4_000), [0], 1))
    found, _ = missing(world, [new], [old])
    assert len([link for link in found if link.kind is Kind.BLOB]) > 300
    assert world.closure([new]) - world.closure([old]) <= found


def refused(world: World, start: CommitId, message: str) -> None:
    with pytest.raises(CorruptError, match=message):
        list(iter_difference(world.load, [start], [], None))


def test_a_node_of_another_level_than_its_parent_says_is_refused() -> None:
    world = World()
    leaf = encode_node(Node(0, (b"k",), (b"v",)))
    high = encode_node(Node(5, (b"k",), (encode_reference(world.put(leaf), 1),)))
    tree = save_tree(world, Tree(Directory(build(world, ())), world.put(high)))  # type: ignore[arg-type]
    refused(world, save_commit(world, Commit(tree, (), "Ada", 0, "m")), "files .*: it has level 0; .* says 4")


def test_a_value_that_is_no_record_is_named() -> None:
    world = World()
    tree = save_tree(world, Tree(Directory(build(world, ())), build(world, [(b"k" * 32, b"no record")])))
    refused(world, save_commit(world, Commit(tree, (), "Ada", 0, "m")), "^files [0-9a-f]{12}: ")


def test_what_is_of_another_kind_is_refused() -> None:
    world = World()
    commit = world.add(Given({"a": 1}))
    tree = decode_commit(world.data[commit]).tree
    refused(world, CommitId(tree), "^commit [0-9a-f]{12}: expected a commit")


@pytest.mark.usefixtures("_small_nodes")
def test_commits_come_first_and_newest_first() -> None:
    world = World()
    for place in range(5):
        world.add(Given({f"f{place}": place}, [place - 1] if place else [], place))
    rounds = list(iter_difference(world.load, world.commits[-1:], [], None))
    assert [link.id for link, _ in rounds[0].objects] == world.commits[::-1]
    assert not any(link.kind is Kind.COMMIT for one in rounds[1:] for link, _ in one.objects)


@given(histories(), st.data())
def test_new_commits_are_those_that_bases_do_not_lead_to_each_after_its_parents(
    history: list[Given], data: st.DataObject
) -> None:
    """But for clocks that go back, which may make some of the others seem new."""
    world = World()
    commits = [world.add(Given({}, one.parents, one.time)) for one in history]
    starts = data.draw(st.lists(st.sampled_from(commits), min_size=1, max_size=3))
    bases = data.draw(st.lists(st.sampled_from(commits), max_size=3))
    beyond = CommitsBeyond(CountingLoad(world), starts, bases, None)
    order = list(beyond.parents_first())
    assert len(order) == len(set(order))
    assert set(order) == set(beyond.newest_first())
    assert world.commits_of(starts) - world.commits_of(bases) <= set(order) <= world.commits_of(starts)
    place = {one: number for number, one in enumerate(order)}
    for one in order:
        assert all(place[parent] < place[one] for parent in beyond.commit(one).parents if parent in place)
