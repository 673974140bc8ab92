"""The difference of two states of the model, found by looking at everything."""

from collections.abc import Iterator

from support.repository_model import Name, Path, State

Line = tuple[str, Path, Name, Path | None]
"""Kind, path, file, and where a moved one was."""


def naive_diff(before: State, after: State) -> list[Line]:
    """In the order in which the library gives it: that of a walk through the tree, then by the kind."""
    lines = [line for name in before.files.keys() | after.files.keys() for line in _iter_lines(name, before, after)]
    return sorted(lines, key=lambda line: ("\0".join(line[1]).encode(), line[0]))


def _iter_lines(name: Name, before: State, after: State) -> Iterator[Line]:
    was, now = ({path for path, file in state.entries.items() if file == name} for state in (before, after))
    left, came = sorted(was - now), sorted(now - was)
    while left and came:
        source = left.pop(0)
        yield "moved", came.pop(0), name, source
    yield from (("removed", path, name, None) for path in left)
    yield from (("added", path, name, None) for path in came)
    if name in before.files and name in after.files and before.files[name] != after.files[name]:
        yield "modified", min(now, key=lambda path: "/".join(path).encode()), name, None
