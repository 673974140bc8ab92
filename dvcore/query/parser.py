"""Text to syntax: a precedence-climbing (Pratt) parser for SQL's boolean expressions.

Operators bind as in SQLite, loosest first: `OR`, `AND`, `NOT`, equality with `IS`, `IN`, `LIKE`, `GLOB` and `BETWEEN`,
order, `+ -`, `* / %`, `||`, the sign. Whatever comes out can be walked by recursion: it is at most MAX_DEPTH deep.
"""

from typing import Final

from dvcore.errors import ExpressionError
from dvcore.query.syntax import Between, Binary, Call, Chain, Exists, In, Literal, Match, Name, Node, Unary, children
from dvcore.query.tokens import LEAST_INTEGER_NEGATED, Token, TokenKind, split_tokens

MAX_DEPTH: Final = 12
"""Operators and functions inside one another; a chain such as `a AND b AND c` is one level. SQLite's parser has room
for 100 words on its stack, of which a level takes up to 6 and a label's count, at the bottom, a dozen."""

MAX_CHAINED: Final = 900
"""Operands of all chains together. SQLite refuses a chain of 1,000, and offers no way to ask for more."""

MAX_PARENTHESES: Final = 100
"""Parentheses and signs inside one another, needed or not; bounds the recursion of the parser itself."""

_OR: Final = 1
_AND: Final = 2
_NOT: Final = 3
_EQUALITY: Final = 4
_ORDER: Final = 5
_SUM: Final = 6
_PRODUCT: Final = 7
_CONCATENATION: Final = 8
_SIGN: Final = 9

_STRENGTH: Final = {
    "OR": _OR,
    "AND": _AND,
    **dict.fromkeys(["=", "==", "<>", "!=", "IS", "IN", "NOT", "LIKE", "GLOB", "BETWEEN"], _EQUALITY),
    **dict.fromkeys(["<", "<=", ">", ">="], _ORDER),
    **dict.fromkeys(["+", "-"], _SUM),
    **dict.fromkeys(["*", "/", "%"], _PRODUCT),
    "||": _CONCATENATION,
}
"""How strongly a word binds when it stands after an operand (`NOT` as in `NOT IN`)."""

_CHAINING: Final = frozenset([_OR, _AND, _SUM, _PRODUCT, _CONCATENATION])
_ONE_SPELLING: Final = {"==": "=", "!=": "<>"}
_CONSTANTS: Final = {"TRUE": True, "FALSE": False, "NULL": None}


def parse_expression(expression: str) -> Node:
    """The syntax of an expression.

    Raises ExpressionError where it is none, too long or too deep.
    """
    parser = _Parser(expression)
    node = parser.parse_whole()
    _check_size(expression, node)
    return node


def _check_size(expression: str, root: Node) -> None:
    """Without recursion, as a long sum is deep before it is refused."""
    waiting = [(root, 1)]
    chained = 0
    while waiting:
        node, depth = waiting.pop()
        if depth > MAX_DEPTH:
            raise _too_deep(expression, node.column, "operators")
        if isinstance(node, Chain):
            chained += len(node.operands)
        waiting.extend((child, depth + 1) for child in children(node))
    if chained > MAX_CHAINED:
        raise ExpressionError(
            f"{chained} operands are too many", expression=expression, column=1, hint="use IN (…) for many values"
        )


def _too_deep(expression: str, column: int, what: str) -> ExpressionError:
    return ExpressionError(f"too many {what} inside one another", expression=expression, column=column)


class _Parser:
    """Reads the tokens from left to right; `_next` is the one that is not read yet."""

    def __init__(self, expression: str) -> None:
        self._expression = expression
        self._tokens = iter(split_tokens(expression))
        self._next = next(self._tokens)
        self._depth = 0

    def parse_whole(self) -> Node:
        if self._is_end():
            raise self._error("the expression is empty", self._next)
        node = self._parse(0)
        if not self._is_end():
            hint = "combine conditions with AND or OR" if self._next.kind is not TokenKind.SIGN else None
            raise self._error(f"unexpected {self._next}", self._next, hint)
        return node

    def _parse(self, weakest: int) -> Node:
        """An operand and the operators after it that bind more strongly than `weakest`."""
        self._depth += 1
        if self._depth > MAX_PARENTHESES:
            raise _too_deep(self._expression, self._next.column, "parentheses")
        node = self._parse_operand()
        while _strength(self._next) > weakest:
            node = self._parse_after(node, self._take())
        self._depth -= 1
        return node

    def _parse_operand(self) -> Node:  # noqa: PLR0911 - a case for each way to begin
        token = self._take()
        match token.kind, token.text:
            case TokenKind.TEXT, text:
                return Literal(text, token.column)
            case TokenKind.NUMBER, _:
                return self._number(token)
            case TokenKind.KEYWORD, "TRUE" | "FALSE" | "NULL" as word:
                return Literal(_CONSTANTS[word], token.column)
            case TokenKind.KEYWORD, "NOT":
                return Unary("NOT", self._parse(_NOT), token.column)
            case TokenKind.SIGN, "-":
                return self._parse_negative(token.column)
            case TokenKind.SIGN, "(":
                return self._parse_parenthesis()
            case TokenKind.NAME, name if self._is_sign("("):
                if name.lower() == "exists":
                    return self._parse_exists(token.column)
                return Call(name.lower(), self._parse_list(empty=True), token.column)
            case ((TokenKind.NAME | TokenKind.QUOTED_NAME), _):
                return self._parse_name(token)
        raise self._error(f"expected a value, found {token}", token)

    def _parse_after(self, left: Node, operator: Token) -> Node:
        """What an operator makes of the operand before it and what follows."""
        match operator.text:
            case "IS":
                spelling = "IS NOT" if self._take_keyword("NOT") else "IS"
                return Binary(spelling, left, self._parse(_EQUALITY), left.column)
            case "NOT":
                return self._parse_condition(left, self._take(), negated=True)
            case "IN" | "BETWEEN" | "LIKE" | "GLOB":
                return self._parse_condition(left, operator, negated=False)
            case word:
                right = self._parse(_STRENGTH[word])
                if _STRENGTH[word] in _CHAINING:
                    return _join(word, left, right)
                return Binary(_ONE_SPELLING.get(word, word), left, right, left.column)

    def _parse_condition(self, operand: Node, word: Token, *, negated: bool) -> Node:
        """`IN`, `BETWEEN`, `LIKE` or `GLOB`, the word itself being read."""
        match word.text if word.kind is TokenKind.KEYWORD else "":
            case "IN":
                return In(operand, self._parse_list(empty=False), negated, operand.column)
            case "BETWEEN":
                low = self._parse(_EQUALITY)
                self._expect_keyword("AND")
                return Between(operand, low, self._parse(_EQUALITY), negated, operand.column)
            case "LIKE" | "GLOB" as operator:
                pattern = self._parse(_EQUALITY)
                escape = self._parse_escape() if operator == "LIKE" and self._take_keyword("ESCAPE") else None
                return Match(operator, operand, pattern, escape, negated, operand.column)
        raise self._error(f"expected IN, BETWEEN, LIKE or GLOB after NOT, found {word}", word)

    def _parse_escape(self) -> str:
        token = self._take()
        if token.kind is not TokenKind.TEXT or len(token.text) != 1:
            raise self._error(f"expected one character in quotes after ESCAPE, found {token}", token)
        return token.text

    def _parse_negative(self, column: int) -> Node:
        """A minus before a number is part of the literal, so that the least integer can be written."""
        if self._next.value is not None:
            return Literal(-(self._take().value or 0), column)
        return Unary("-", self._parse(_SIGN), column)

    def _number(self, token: Token) -> Literal:
        if type(token.value) is int and token.value == LEAST_INTEGER_NEGATED:
            raise self._error("the number does not fit into 64 bit", token)
        return Literal(token.value, token.column)

    def _parse_parenthesis(self) -> Node:
        node = self._parse(0)
        self._expect_sign(")")
        return node

    def _parse_list(self, *, empty: bool) -> tuple[Node, ...]:
        """`(a, b)`, the parentheses included."""
        self._expect_sign("(")
        items: list[Node] = []
        if not (empty and self._is_sign(")")):
            items.append(self._parse(0))
        while items and self._is_sign(","):
            self._take()
            items.append(self._parse(0))
        self._expect_sign(")")
        return tuple(items)

    def _parse_name(self, token: Token) -> Name:
        """A name, or `files.name`."""
        if token.kind is TokenKind.QUOTED_NAME or not self._is_sign("."):
            return Name(token.text, token.kind is TokenKind.QUOTED_NAME, token.column)
        self._take()
        name = self._take()
        if name.kind not in {TokenKind.NAME, TokenKind.QUOTED_NAME}:
            raise self._error(f"expected a name after {token.text!r} and a dot, found {name}", name)
        return Name(name.text, name.kind is TokenKind.QUOTED_NAME, token.column, token.text.lower())

    def _parse_exists(self, column: int) -> Exists:
        """`(SELECT … FROM instances WHERE …)`. Its words have a meaning only here: variables may be called `select`."""
        self._expect_sign("(")
        self._expect_word("SELECT", "instances are sought with EXISTS (SELECT 1 FROM instances WHERE …)")
        selected = self._parse_selected()
        self._expect_word("FROM")
        self._expect_word("INSTANCES", "there is nothing else to select from")
        condition = self._parse(0) if self._take_word("WHERE") else None
        if not self._is_sign(")"):
            hint = "the instances are those of the file: neither other tables, nor their names, nor groups are needed"
            raise self._error(f"expected WHERE or ')', found {self._next}", self._next, hint)
        self._take()
        return Exists(selected, condition, column)

    def _parse_selected(self) -> tuple[Node, ...]:
        if self._is_sign("*"):
            self._take()
            return ()
        selected = [self._parse(0)]
        while self._is_sign(","):
            self._take()
            selected.append(self._parse(0))
        return tuple(selected)

    def _take(self) -> Token:
        token = self._next
        self._next = next(self._tokens, token)
        return token

    def _is_end(self) -> bool:
        return self._next.kind is TokenKind.END

    def _is_sign(self, sign: str) -> bool:
        return self._next.kind is TokenKind.SIGN and self._next.text == sign

    def _take_keyword(self, word: str) -> bool:
        found = self._next.kind is TokenKind.KEYWORD and self._next.text == word
        if found:
            self._take()
        return found

    def _take_word(self, word: str) -> bool:
        """One that is no keyword elsewhere."""
        found = self._next.kind is TokenKind.NAME and self._next.text.upper() == word
        if found:
            self._take()
        return found

    def _expect_word(self, word: str, hint: str | None = None) -> None:
        if not self._take_word(word):
            raise self._error(f"expected {word}, found {self._next}", self._next, hint)

    def _expect_keyword(self, word: str) -> None:
        if not self._take_keyword(word):
            raise self._error(f"expected {word}, found {self._next}", self._next)

    def _expect_sign(self, sign: str) -> None:
        if not self._is_sign(sign):
            raise self._error(f"expected {sign!r}, found {self._next}", self._next)
        self._take()

    def _error(self, message: str, token: Token, hint: str | None = None) -> ExpressionError:
        return ExpressionError(message, expression=self._expression, column=token.column, hint=hint)


def _strength(token: Token) -> int:
    """0 for what is no operator."""
    is_operator = token.kind in {TokenKind.KEYWORD, TokenKind.SIGN}
    return _STRENGTH.get(token.text, 0) if is_operator else 0


def _join(operator: str, left: Node, right: Node) -> Chain:
    """One chain out of `a AND b` and `AND c`."""
    if isinstance(left, Chain) and _STRENGTH[left.operators[0]] == _STRENGTH[operator]:
        return Chain((*left.operators, operator), (*left.operands, right), left.column)
    return Chain((operator,), (left, right), left.column)
