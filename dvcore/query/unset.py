"""Which variables may leave an expression undecided: those that it reads and that can be unset."""

from collections.abc import Iterator

from dvcore.model.tree import Tree
from dvcore.model.variable_names import INSTANCE_FUNCTIONS
from dvcore.query.checker import parse_condition
from dvcore.query.syntax import Call, Exists, Name, Node, children
from dvcore.query.vocabulary import Vocabulary


def unset_names(tree: Tree, text: str) -> tuple[str, ...]:
    """The variables of files that an expression reads and that are NULL where they are not set, in the order of the
    text. What stands in a condition on instances is not among them: such a condition holds for an instance or does not.

    Raises ExpressionError.
    """
    vocabulary = Vocabulary(tree)
    checked = parse_condition(vocabulary, text)
    declared = {one.name for one in tree.variables if one.unset_reads is None}
    return tuple(name for name in dict.fromkeys(_iter_names(checked.node)) if name in declared)


def _iter_names(node: Node) -> Iterator[str]:
    if isinstance(node, Exists) or (isinstance(node, Call) and node.function in INSTANCE_FUNCTIONS):
        return
    if isinstance(node, Name):
        yield node.text
    for child in children(node):
        yield from _iter_names(child)
