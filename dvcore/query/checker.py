"""Judges an expression before anything runs: names, kinds, choices, labels.

SQLite compares anything with anything; here `dpi = '200'` is an error and not quietly false. Each part has one kind,
known from the declarations alone, so that an expression that passes does so whatever the files hold.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from dvcore.errors import ExpressionError, nearest_hint
from dvcore.model.tree import Tree
from dvcore.model.values import ValueType
from dvcore.model.variable_names import INSTANCE_FUNCTIONS
from dvcore.query.functions import ATTRIBUTE, SQL_FUNCTIONS, Kind
from dvcore.query.parser import parse_expression
from dvcore.query.schema import SCORE
from dvcore.query.syntax import Between, Binary, Call, Chain, Exists, In, Literal, Match, Name, Node, Unary, split_label
from dvcore.query.vocabulary import Vocabulary

_NUMBERS: Final = frozenset([Kind.INT, Kind.FLOAT])

_KINDS: Final = {
    ValueType.BOOL: Kind.BOOL,
    ValueType.INT: Kind.INT,
    ValueType.FLOAT: Kind.FLOAT,
    ValueType.TEXT: Kind.TEXT,
    ValueType.ENUM: Kind.TEXT,
}
_LITERAL_KINDS: Final = {bool: Kind.BOOL, int: Kind.INT, float: Kind.FLOAT, str: Kind.TEXT, type(None): Kind.NULL}


@dataclass(frozen=True, slots=True)
class Checked:
    """An expression that is true or false. `attributes` says what kind each attribute is asked for, by its column;
    ATTRIBUTE is any."""

    text: str
    node: Node
    of_instance: bool
    attributes: Mapping[int, Kind]


def check_expression(tree: Tree, text: str) -> None:
    """Raises ExpressionError where the text is no expression that is true or false for each file of the tree."""
    parse_condition(Vocabulary(tree), text)


def check_instance_expression(tree: Tree, text: str) -> None:
    """Raises ExpressionError where the text is no expression that is true or false for each instance of the tree."""
    parse_condition(Vocabulary(tree, has_paths=False), text, of_instance=True)


def parse_condition(vocabulary: Vocabulary, text: str, *, of_instance: bool = False) -> Checked:
    """An expression that is true or false, of a file or of an instance.

    Raises ExpressionError.
    """
    node = parse_expression(text)
    attributes: dict[int, Kind] = {}
    _Checker(text, vocabulary, of_instance, attributes).check_whole(node)
    return Checked(text, node, of_instance, attributes)


@dataclass(frozen=True, slots=True)
class _Checker:
    """Every method raises ExpressionError with the column of what is wrong."""

    text: str
    vocabulary: Vocabulary
    of_instance: bool
    attributes: dict[int, Kind]

    def check_whole(self, node: Node) -> None:
        """Whether the whole is true or false."""
        kind = self._settle([node], Kind.BOOL)[0]
        if kind not in {Kind.BOOL, Kind.NULL}:
            hint = "compare it with something" if kind in _NUMBERS else None
            raise self._error(f"this is {kind.value}, not true or false", node, hint=hint)

    def kind(self, node: Node) -> Kind:  # noqa: PLR0911 - a case for each kind of node
        """The kind of a part, all under it being checked."""
        match node:
            case Literal():
                return _LITERAL_KINDS[type(node.value)]
            case Name():
                return _KINDS[self.vocabulary.field(self.text, node, of_instance=self.of_instance).type]
            case Unary("NOT"):
                return self._logic((node.operand,))
            case Unary():
                return self._expect(node.operand, Kind.FLOAT)
            case Chain():
                return self._chain(node)
            case Binary():
                return self._binary(node)
            case In():
                return self._alike(node.operand, node.items)
            case Between():
                return self._ordered(node.operand, (node.low, node.high))
            case Match():
                self._expect(node.operand, Kind.TEXT)
                self._expect(node.pattern, Kind.TEXT)
                return Kind.BOOL
            case Call():
                return self._call(node)
            case Exists():
                return self._exists(node)

    def _settle(self, nodes: Sequence[Node], wanted: Kind | None = None) -> list[Kind]:
        """The kinds of parts that go together. An attribute among them takes that of the others, or the wanted one."""
        kinds = [self.kind(node) for node in nodes]
        settled = wanted or next((kind for kind in kinds if kind not in {Kind.ATTRIBUTE, Kind.NULL}), None)
        if settled is None and Kind.NULL not in kinds and Kind.ATTRIBUTE in kinds:
            hint = "compare each with a value, or write coalesce(attribute('name'), 0)"
            raise self._error("nothing says whether these attributes are numbers or texts", nodes[0], hint=hint)
        settled = Kind.FLOAT if settled is Kind.INT else settled or Kind.ATTRIBUTE
        for node, kind in zip(nodes, kinds, strict=True):
            if kind is Kind.ATTRIBUTE:
                self.attributes[node.column] = settled
        return [settled if kind is Kind.ATTRIBUTE else kind for kind in kinds]

    def _binary(self, node: Binary) -> Kind:
        match node.operator:
            case "IS" | "IS NOT":
                return self._alike(node.left, (node.right,), null=True)
            case "=" | "<>":
                return self._alike(node.left, (node.right,))
            case _:
                return self._ordered(node.left, (node.right,))

    def _chain(self, node: Chain) -> Kind:
        match node.operators[0]:
            case "AND" | "OR":
                return self._logic(node.operands)
            case "||":
                for operand in node.operands:
                    self._expect(operand, Kind.TEXT)
                return Kind.TEXT
            case _:
                return self._arithmetic(node)

    def _arithmetic(self, node: Chain) -> Kind:
        """Whole as long as all operands are; `%` takes whole numbers on both sides."""
        first, *others = node.operands
        kind = self._expect(first, Kind.FLOAT)
        for operator, operand in zip(node.operators, others, strict=True):
            right = self._expect(operand, Kind.INT if operator == "%" else Kind.FLOAT)
            if operator == "%" and kind is not Kind.INT:
                raise self._error("expected a whole number before %, found a number", node)
            kind = Kind.FLOAT if right is Kind.FLOAT else kind
        return kind

    def _logic(self, operands: tuple[Node, ...]) -> Kind:
        for operand, kind in zip(operands, self._settle(operands, Kind.BOOL), strict=True):
            if kind not in {Kind.BOOL, Kind.NULL}:
                raise self._error(f"expected true or false, found {kind.value}", operand)
        return Kind.BOOL

    def _expect(self, node: Node, wanted: Kind) -> Kind:
        kind = self._settle([node], wanted)[0]
        if kind is not wanted and not (wanted is Kind.FLOAT and kind is Kind.INT):
            raise self._error(f"expected {wanted.value}, found {kind.value}", node)
        return kind

    def _alike(self, left: Node, others: tuple[Node, ...], *, null: bool = False) -> Kind:
        """Compared for equality: of one kind, and an enum only with its choices."""
        kind, *kinds = self._settle([left, *others])
        for other, other_kind in zip(others, kinds, strict=True):
            self._check_comparable(left, kind, other, other_kind, null=null)
            self._check_choice(left, other)
            self._check_choice(other, left)
        return Kind.BOOL

    def _ordered(self, left: Node, others: tuple[Node, ...]) -> Kind:
        kind, *kinds = self._settle([left, *others])
        for other, other_kind in zip(others, kinds, strict=True):
            self._check_comparable(left, kind, other, other_kind, null=False)
        if kind is Kind.BOOL:
            raise self._error("true and false have no order", left, hint="write AND to join two comparisons")
        return Kind.BOOL

    def _check_comparable(self, left: Node, kind: Kind, right: Node, other: Kind, *, null: bool) -> None:
        if Kind.NULL in {kind, other}:
            if not null:
                culprit = left if kind is Kind.NULL else right
                raise self._error("nothing compares with NULL", culprit, hint="write IS NULL or IS NOT NULL")
        elif kind is not other and not {kind, other} <= _NUMBERS:
            raise self._error(
                f"{kind.value} is compared with {other.value}", right, hint=_mismatch_hint(left, kind, right)
            )

    def _check_choice(self, node: Node, other: Node) -> None:
        """Where one side is an enum and the other a text that is written out."""
        if not isinstance(node, Name) or not isinstance(other, Literal) or not isinstance(other.value, str):
            return
        field = self.vocabulary.field(self.text, node, of_instance=self.of_instance)
        if field.choices is not None and other.value not in field.choices:
            raise self._error(field.refusal(other.value), other, hint=field.choices_hint(other.value))

    def _call(self, node: Call) -> Kind:
        if node.function in INSTANCE_FUNCTIONS:
            return self._instance_call(node)
        if node.function == ATTRIBUTE:
            return self._attribute(node)
        signature = SQL_FUNCTIONS.get(node.function)
        if signature is None:
            hint = nearest_hint(node.function, [*SQL_FUNCTIONS, *INSTANCE_FUNCTIONS, ATTRIBUTE])
            raise self._error(f"no function {node.function!r}", node, hint=hint)
        if signature.same:
            return self._same(node)
        most = len(signature.arguments)
        if not signature.required <= len(node.arguments) <= most:
            raise self._arguments_error(node, signature.required, most)
        kinds = [self._expect(*pair) for pair in zip(node.arguments, signature.arguments, strict=False)]
        return signature.result or kinds[0]

    def _same(self, node: Call) -> Kind:
        if len(node.arguments) < 2:
            raise self._error(f"{node.function}() takes two arguments or more", node)
        kinds = self._settle(node.arguments)
        first = kinds[0]
        for argument, kind in zip(node.arguments, kinds, strict=True):
            if kind is Kind.NULL:
                raise self._error("expected a value, found NULL", argument)
            if kind is not first and not {kind, first} <= _NUMBERS:
                raise self._error(f"expected {first.value}, found {kind.value}", argument)
        return Kind.FLOAT if Kind.FLOAT in kinds else first

    def _attribute(self, node: Call) -> Kind:
        if not self.of_instance:
            hint = f"instances are asked as in has({ATTRIBUTE}('name') = 'value')"
            raise self._error(f"{ATTRIBUTE}() stands outside a condition on instances", node, hint=hint)
        if len(node.arguments) != 1:
            raise self._arguments_error(node, 1, 1)
        name = node.arguments[0]
        if not isinstance(name, Literal) or not isinstance(name.value, str):
            raise self._error(f"{ATTRIBUTE}() takes a name in single quotes", name)
        return Kind.FLOAT if name.value == SCORE else Kind.ATTRIBUTE

    def _instance_call(self, node: Call) -> Kind:
        """`has('dog')`, `has('dog', area > 100)`, `has(area > 100)`; so with `count`, which may be empty. Labels are
        written out, so that they can be checked."""
        arguments = node.arguments
        least = 1 if node.function == "has" else 0
        if not least <= len(arguments) <= 2:
            raise self._arguments_error(node, least, 2)
        label, conditions = split_label(arguments)
        if label is not None:
            self.vocabulary.check_label(self.text, str(label.value), label.column)
        for condition in conditions:
            if len(conditions) > 1 or isinstance(condition, Name):
                hint = f"write {node.function}('{condition.text}')" if isinstance(condition, Name) else None
                raise self._error(f"{node.function}() takes a label in single quotes first", condition, hint=hint)
            self._inside(node)._logic((condition,))
        return Kind.BOOL if node.function == "has" else Kind.INT

    def _exists(self, node: Exists) -> Kind:
        inside = self._inside(node)
        for selected in node.selected:
            inside.kind(selected)
        if node.condition is not None:
            inside._logic((node.condition,))
        return Kind.BOOL

    def _inside(self, node: Node) -> "_Checker":
        """The checker of conditions on an instance."""
        if self.of_instance:
            hint = "ask about two instances side by side, joined with AND"
            raise self._error("a condition on an instance cannot hold another", node, hint=hint)
        return replace(self, of_instance=True)

    def _arguments_error(self, node: Call, least: int, most: int) -> ExpressionError:
        wanted = str(least) if least == most else f"{least} to {most}"
        return self._error(f"{node.function}() takes {wanted} arguments, not {len(node.arguments)}", node)

    def _error(self, message: str, node: Node, *, hint: str | None = None) -> ExpressionError:
        return ExpressionError(message, expression=self.text, column=node.column, hint=hint)


def _mismatch_hint(node: Node, kind: Kind, other: Node) -> str | None:
    if isinstance(node, Binary):
        return "write AND to join two comparisons" if kind is Kind.BOOL else None
    if kind is Kind.BOOL:
        return "write true or false"
    if kind is Kind.TEXT:
        return "a text stands in single quotes"
    return "a number stands without quotes" if isinstance(other, Literal) and isinstance(other.value, str) else None
