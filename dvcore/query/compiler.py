"""Checked syntax to SQL.

Whatever somebody wrote becomes a bound parameter or a column's number: names, labels and values never enter SQL.
"""

from dataclasses import dataclass, field
from typing import Final

from dvcore.model.values import Value
from dvcore.query.schema import INSTANCES_COLUMN
from dvcore.query.syntax import Between, Binary, Call, Chain, In, Literal, Match, Name, Node, Unary
from dvcore.query.vocabulary import Vocabulary

_OF_LABEL: Final = "FROM counts AS c WHERE c.file = e.file AND c.label = ?"


@dataclass(frozen=True, slots=True)
class Condition:
    """SQL over `schema.SOURCE` that gives 0, 1 or NULL, and the values of its `?`, in order. `text` is what it came
    from."""

    text: str
    sql: str
    parameters: tuple[Value, ...]


def compile_condition(vocabulary: Vocabulary, text: str, node: Node) -> Condition:
    """The SQL of an expression that the checker has passed."""
    compiler = _Compiler(text, vocabulary)
    sql = compiler.sql(node)
    return Condition(text, sql, tuple(compiler.parameters))


@dataclass(slots=True)
class _Compiler:
    """Writes from left to right, so that parameters are collected in the order of their `?`."""

    text: str
    vocabulary: Vocabulary
    parameters: list[Value] = field(default_factory=list)

    def sql(self, node: Node) -> str:  # noqa: PLR0911 - a case for each kind of node
        """The SQL of one part, its parameters being appended."""
        match node:
            case Literal(value):
                return self._bind(value)
            case Name():
                return self._name(node)
            case Unary(operator, operand):
                return f"({operator} {self.sql(operand)})"
            case Binary(operator, left, right):
                return f"({self.sql(left)} {operator} {self.sql(right)})"
            case Chain():
                return self._chain(node)
            case In():
                return f"({self.sql(node.operand)}{_not(node.negated)} IN ({self._list(node.items)}))"
            case Between():
                head = f"{self.sql(node.operand)}{_not(node.negated)} BETWEEN"
                return f"({head} {self.sql(node.low)} AND {self.sql(node.high)})"
            case Match():
                return self._match(node)
            case Call():
                return self._call(node)

    def _bind(self, value: Value | None) -> str:
        if value is None:
            return "NULL"
        self.parameters.append(value)
        return "?"

    def _name(self, node: Name) -> str:
        found = self.vocabulary.field(self.text, node)
        return f"coalesce({found.column}, 0)" if found.unset_is_false else found.column

    def _chain(self, node: Chain) -> str:
        words = [self.sql(node.operands[0])]
        for operator, operand in zip(node.operators, node.operands[1:], strict=True):
            words += [operator, self.sql(operand)]
        return f"({' '.join(words)})"

    def _list(self, nodes: tuple[Node, ...]) -> str:
        return ", ".join(map(self.sql, nodes))

    def _match(self, node: Match) -> str:
        sql = f"{self.sql(node.operand)}{_not(node.negated)} {node.operator} {self.sql(node.pattern)}"
        return f"({sql})" if node.escape is None else f"({sql} ESCAPE {self._bind(node.escape)})"

    def _call(self, node: Call) -> str:
        match node.function:
            case "has":
                return f"EXISTS (SELECT 1 {_OF_LABEL.replace('?', self._list(node.arguments))})"
            case "count" if node.arguments:
                return f"coalesce((SELECT c.number {_OF_LABEL.replace('?', self._list(node.arguments))}), 0)"
            case "count":
                return INSTANCES_COLUMN
            case function:
                return f"{function}({self._list(node.arguments)})"


def _not(negated: bool) -> str:
    return " NOT" if negated else ""
