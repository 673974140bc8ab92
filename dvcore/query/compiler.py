"""Checked syntax to SQL.

Whatever somebody wrote becomes a bound parameter or a column's number: names, labels and values never enter SQL.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from dvcore.model.values import Value
from dvcore.query import functions
from dvcore.query.checker import Checked
from dvcore.query.functions import Kind
from dvcore.query.schema import INSTANCES_COLUMN, SCORE
from dvcore.query.syntax import Between, Binary, Call, Chain, Exists, In, Literal, Match, Name, Node, Unary, split_label
from dvcore.query.vocabulary import Vocabulary

_MAX_COLUMNS: Final = 500
_MAX_PARAMETERS: Final = 20_000
"""Of one SELECT; SQLite takes 2,000 and the sandbox 32,766. A condition has at most 5,000 parameters."""

_ATTRIBUTE_COLUMNS: Final = {Kind.FLOAT: "a.number", Kind.TEXT: "a.text", Kind.BOOL: "a.truth"}
_ANY_ATTRIBUTE: Final = "coalesce(a.number, a.text, a.truth)"


@dataclass(frozen=True, slots=True)
class Condition:
    """SQL over `schema.SOURCE`, or `schema.INSTANCE_SOURCE`, that gives 0, 1 or NULL, and the values of its `?`, in
    order. `text` is what it came from."""

    text: str
    sql: str
    parameters: tuple[Value, ...]


def compile_condition(vocabulary: Vocabulary, checked: Checked) -> Condition:
    """The SQL of an expression that the checker has passed."""
    compiler = _Compiler(checked, vocabulary, checked.of_instance)
    sql = compiler.sql(checked.node)
    return Condition(checked.text, sql, tuple(compiler.parameters))


def batch_conditions(conditions: Sequence[Condition]) -> list[list[Condition]]:
    """Conditions in lists that one SELECT can hold; at least one list, so that there are rows where nothing is asked of
    them."""
    batches: list[list[Condition]] = [[]]
    parameters = 0
    for condition in conditions:
        parameters += len(condition.parameters)
        if len(batches[-1]) == _MAX_COLUMNS or parameters > _MAX_PARAMETERS:
            batches.append([])
            parameters = len(condition.parameters)
        batches[-1].append(condition)
    return batches


@dataclass(frozen=True, slots=True)
class _Compiler:
    """Writes from left to right, so that parameters are collected in the order of their `?`."""

    checked: Checked
    vocabulary: Vocabulary
    of_instance: bool
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
            case Exists():
                return self._exists(None, () if node.condition is None else (node.condition,))

    def _bind(self, value: Value | None) -> str:
        if value is None:
            return "NULL"
        self.parameters.append(value)
        return "?"

    def _name(self, node: Name) -> str:
        found = self.vocabulary.field(self.checked.text, node, of_instance=self.of_instance)
        return found.column if found.unset is None else f"coalesce({found.column}, {self._bind(found.unset)})"

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
                return self._exists(*split_label(node.arguments))
            case "count" if node.arguments:
                return f"(SELECT count(*) {self._instances(*split_label(node.arguments))})"
            case "count":
                return INSTANCES_COLUMN
            case functions.ATTRIBUTE:
                return self._attribute(node)
            case function:
                return f"{function}({self._list(node.arguments)})"

    def _exists(self, label: Literal | None, conditions: tuple[Node, ...]) -> str:
        return f"EXISTS (SELECT 1 {self._instances(label, conditions)})"

    def _instances(self, label: Literal | None, conditions: tuple[Node, ...]) -> str:
        """The instances of the file with a label, or any, that a condition holds for."""
        parts = ["FROM instances AS i WHERE i.file = f.file"]
        if label is not None:
            parts.append(f"i.label = {self.sql(label)}")
        inside = replace(self, of_instance=True)
        return " AND ".join([*parts, *map(inside.sql, conditions)])

    def _attribute(self, node: Call) -> str:
        """A bool that is not set reads false, as a variable does."""
        kind = self.checked.attributes.get(node.column)
        if kind is None:  # it has a column
            return f"i.{SCORE}"
        column = _ATTRIBUTE_COLUMNS.get(kind, _ANY_ATTRIBUTE)
        name = self.sql(node.arguments[0])
        sql = f"(SELECT {column} FROM attributes AS a WHERE a.file = i.file AND a.instance = i.id AND a.name = {name})"
        return f"coalesce({sql}, 0)" if kind is Kind.BOOL else sql


def _not(negated: bool) -> str:
    return " NOT" if negated else ""
