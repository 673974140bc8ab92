"""Filter expressions over the files of a tree, evaluated by SQLite over an index that is only a cache.

An expression goes through `tokens` and `parser` (text to syntax), `checker` (types, against what the tree declares),
`compiler` (syntax to SQL with bound parameters), and runs in a `sandbox` over the `index`. The text itself never
reaches SQLite. `docs/expressions.md` describes the language.
"""

from dvcore.query.checker import check_expression
from dvcore.query.evaluation import Outcome, Row, evaluate, select

__all__ = ["Outcome", "Row", "check_expression", "evaluate", "select"]
