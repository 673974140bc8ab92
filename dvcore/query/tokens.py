"""The words of an expression: keywords, names, texts, numbers, signs."""

import math
import re
from dataclasses import dataclass
from enum import Enum
from typing import Final
from unicodedata import normalize

from dvcore.errors import ExpressionError
from dvcore.model.variable_names import KEYWORDS

MAX_CHARACTERS: Final = 10_000

LEAST_INTEGER_NEGATED: Final = 2**63
"""Let through as a token, since a minus may stand before it; the parser refuses it elsewhere."""


class TokenKind(Enum):
    """`text` of a KEYWORD is in capitals, of a NAME or a TEXT without its quotes and in normal form C."""

    KEYWORD = "keyword"
    NAME = "name"
    QUOTED_NAME = "quoted name"
    TEXT = "text"
    NUMBER = "number"
    SIGN = "sign"
    END = "end"


@dataclass(frozen=True, slots=True)
class Token:
    """A word and the column of its first character, from 1. `value` is a number's."""

    kind: TokenKind
    text: str
    column: int
    value: int | float | None = None

    def __str__(self) -> str:
        return "the end" if self.kind is TokenKind.END else repr(self.text)


_WORDS: Final = re.compile(
    r"""
    (?P<space>\s+)
  | (?P<comment>--|/\*)
  | (?P<number>(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)
  | (?P<name>[^\W\d]\w*)
  | (?P<text>'(?:[^']|'')*')
  | (?P<quoted>"(?:[^"]|"")*")
  | (?P<sign><=|>=|<>|!=|==|\|\||[-+*/%=<>(),.])
    """,
    re.VERBOSE,
)

_HINTS: Final = {
    "'": "a text ends with ' and a ' inside it is written twice",
    '"': 'a quoted name ends with " and a " inside it is written twice',
    "`": 'names with spaces stand in "double quotes"',
    "[": 'names with spaces stand in "double quotes"',
    "‘": "texts stand in straight 'single quotes'",
    "’": "texts stand in straight 'single quotes'",
    "“": 'names with spaces stand in straight "double quotes"',
    "”": 'names with spaces stand in straight "double quotes"',
    "&": "write AND",
    "|": "write OR",
    "!": "write NOT, or <> for 'differs'",
    ";": "a filter is one expression",
}


def split_tokens(expression: str) -> list[Token]:
    """The words of an expression; the last is END.

    Raises ExpressionError.
    """
    if len(expression) > MAX_CHARACTERS:
        raise ExpressionError(
            f"an expression of {len(expression)} characters is too long",
            expression=expression,
            column=MAX_CHARACTERS + 1,
            hint=f"at most {MAX_CHARACTERS} characters",
        )
    if not expression.isprintable():
        _check_characters(expression)
    tokens = []
    position = 0
    while position < len(expression):
        found = _WORDS.match(expression, position)
        if found is None:
            raise _unknown_character(expression, position)
        if found.lastgroup != "space":
            tokens.append(_token(expression, str(found.lastgroup), found.group(), position + 1))
        position = found.end()
    return [*tokens, Token(TokenKind.END, "", len(expression) + 1)]


def _token(expression: str, group: str, word: str, column: int) -> Token:
    match group:
        case "name" if word.lower() in KEYWORDS:
            return Token(TokenKind.KEYWORD, word.upper(), column)
        case "name":
            return Token(TokenKind.NAME, normalize("NFC", word), column)
        case "quoted":
            return Token(TokenKind.QUOTED_NAME, normalize("NFC", word[1:-1].replace('""', '"')), column)
        case "text":
            return Token(TokenKind.TEXT, normalize("NFC", word[1:-1].replace("''", "'")), column)
        case "number":
            return Token(TokenKind.NUMBER, word, column, _number(expression, word, column))
        case "comment":
            raise ExpressionError(
                f"{word!r} begins a comment", expression=expression, column=column, hint="leave it out"
            )
        case _:
            return Token(TokenKind.SIGN, word, column)


def _number(expression: str, word: str, column: int) -> int | float:
    if not word.isdecimal():
        value: int | float = float(word)
        fits = math.isfinite(value)
    else:
        value = int(word) if len(word) < 1000 else 2**64  # Python refuses to read numbers of many digits
        fits = value <= LEAST_INTEGER_NEGATED
    if not fits:
        raise ExpressionError("the number does not fit into 64 bit", expression=expression, column=column)
    return value


def _check_characters(expression: str) -> None:
    """Half characters come from arguments that are no UTF-8; SQLite could not take them."""
    for position, character in enumerate(expression):
        if "\ud800" <= character <= "\udfff":
            raise ExpressionError(
                "a byte that is no UTF-8", expression=ascii(expression), column=position + 1, hint="type it anew"
            )


def _unknown_character(expression: str, position: int) -> ExpressionError:
    character = expression[position]
    what = "a quote that is not closed" if character in "'\"" else f"unexpected {character!r}"
    return ExpressionError(what, expression=expression, column=position + 1, hint=_HINTS.get(character))
