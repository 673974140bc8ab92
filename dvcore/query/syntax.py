"""Syntax of an expression: what the parser makes, the checker judges and the compiler turns into SQL.

`column` is where a node begins in the text, in characters from 1.
"""

from dataclasses import dataclass

from dvcore.model.values import Value


@dataclass(frozen=True, slots=True)
class Literal:
    """A value that is written out; None is `NULL`. Texts are in normal form C, as all that they are compared with."""

    value: Value | None
    column: int


@dataclass(frozen=True, slots=True)
class Name:
    """A variable, a built-in field or a field of an instance; `quoted` if it stood in double quotes. `table` is what
    stood before it and a dot, in lower case: `files` or `instances`, if anything did."""

    text: str
    quoted: bool
    column: int
    table: str | None = None


@dataclass(frozen=True, slots=True)
class Unary:
    """`NOT x` or `- x`."""

    operator: str
    operand: "Node"
    column: int


@dataclass(frozen=True, slots=True)
class Binary:
    """A comparison, `IS` and `IS NOT` included. Each has one spelling: `=`, `<>`."""

    operator: str
    left: "Node"
    right: "Node"
    column: int


@dataclass(frozen=True, slots=True)
class Chain:
    """Two or more operands with an operator between each two, taken from the left. The operators are all `AND`, all
    `OR`, all `||`, or sums, or products: a long chain is no deeper than a short one."""

    operators: tuple[str, ...]
    operands: tuple["Node", ...]
    column: int


@dataclass(frozen=True, slots=True)
class In:
    """`x IN (a, b)`; at least one item."""

    operand: "Node"
    items: tuple["Node", ...]
    negated: bool
    column: int


@dataclass(frozen=True, slots=True)
class Between:
    """`x BETWEEN low AND high`, both ends included."""

    operand: "Node"
    low: "Node"
    high: "Node"
    negated: bool
    column: int


@dataclass(frozen=True, slots=True)
class Match:
    """`x LIKE pattern` or `x GLOB pattern`; `escape` is one character or None."""

    operator: str
    operand: "Node"
    pattern: "Node"
    escape: str | None
    negated: bool
    column: int


@dataclass(frozen=True, slots=True)
class Call:
    """A function, by its name in lower case. `has`, `count` and `attribute` are among them."""

    function: str
    arguments: tuple["Node", ...]
    column: int


@dataclass(frozen=True, slots=True)
class Exists:
    """`EXISTS (SELECT selected FROM instances WHERE condition)`; nothing is selected where that is `*`."""

    selected: tuple["Node", ...]
    condition: "Node | None"
    column: int


Node = Literal | Name | Unary | Binary | Chain | In | Between | Match | Call | Exists


def children(node: Node) -> tuple[Node, ...]:  # noqa: PLR0911 - a case for each kind of node
    """The nodes directly under a node, in the order of the text."""
    match node:
        case Literal() | Name():
            return ()
        case Unary():
            return (node.operand,)
        case Binary():
            return (node.left, node.right)
        case Chain():
            return node.operands
        case In():
            return (node.operand, *node.items)
        case Between():
            return (node.operand, node.low, node.high)
        case Match():
            return (node.operand, node.pattern)
        case Call():
            return node.arguments
        case Exists():
            return node.selected if node.condition is None else (*node.selected, node.condition)


def split_label(arguments: tuple[Node, ...]) -> tuple[Literal | None, tuple[Node, ...]]:
    """The label that the arguments of `has` or `count` begin with, if they do, and what follows."""
    if arguments and isinstance(arguments[0], Literal) and isinstance(arguments[0].value, str):
        return arguments[0], arguments[1:]
    return None, arguments
