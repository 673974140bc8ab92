"""How files come in, as the caller wants it, and the counts of what came of it."""

from dataclasses import dataclass, field
from enum import Enum

from dvcore.ids import TreeId
from dvcore.model.declarations import LabelDeclaration, VariableDeclaration


class OnExisting(Enum):
    """What happens where other bytes come in under a name that is taken."""

    STOP = "stop"
    REPLACE = "replace"
    SKIP = "skip"
    RENAME = "rename"


@dataclass(frozen=True, slots=True)
class Declared:
    """What the source declares. Choices of an enum are added to those that the tree has; labels' numbers are ignored,
    the tree gives them."""

    variables: tuple[VariableDeclaration, ...] = ()
    labels: tuple[LabelDeclaration, ...] = ()


@dataclass(frozen=True, slots=True)
class AddOptions:
    """How names that are taken, and annotations that are there, are treated."""

    on_existing: OnExisting = OnExisting.STOP
    keep_annotations: bool = False
    replace_annotations: bool = False


@dataclass(slots=True)
class AddReport:
    """Counts of files and of instances. `completed` files were there and lacked something that came in; `new_names`
    maps the path that was asked for to the one that was given, for the first thousand of the `renamed` files;
    `values_kept` counts files that had another value already. `instances_edited` were there and became what the source
    says, where annotations are replaced; `instances_present` stayed as they were.
    `tree` is what the import alone has made of the working state, None where others changed it meanwhile."""

    added: int = 0
    unchanged: int = 0
    completed: int = 0
    replaced: int = 0
    skipped: int = 0
    renamed: int = 0
    new_names: dict[str, str] = field(default_factory=dict)
    values_kept: int = 0
    instances_added: int = 0
    instances_present: int = 0
    instances_edited: int = 0
    instances_removed: int = 0
    tree: TreeId | None = field(default=None, compare=False)
