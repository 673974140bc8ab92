"""What is on a remote, in words."""

from collections import Counter
from collections.abc import Iterable
from typing import Final

from dset.output import count
from dvcore.remote.roots.root import Root

_KINDS: Final = {
    "heads": ("branch", "branches"),
    "tags": ("tag", "tags"),
    "projects": ("project", "projects"),
    "snapshots": ("snapshot", "snapshots"),
}


def describe_root(root: Root | None) -> str:
    """`1 branch, 2 tags, 1 project, 3 snapshots`."""
    if root is None:
        return "nothing was pushed yet"
    return describe_refs(root.refs) or "no branch, tag, project or snapshot"


def describe_refs(refs: Iterable[str]) -> str:
    """How many of which kind, in that order; empty where there is none."""
    kinds = Counter(ref.partition("/")[0] for ref in refs)
    return ", ".join(count(kinds[kind], *words) for kind, words in _KINDS.items() if kinds[kind])


def ref_name(ref: str) -> str:
    """What users call a ref of a remote: `main`, `v1`, `kinds`, `kinds@1`."""
    kind, _, name = ref.partition("/")
    return "@".join(name.rsplit("/", 1)) if kind == "snapshots" else name
