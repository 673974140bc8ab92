"""Filter expressions over the files of a tree, and SQL, evaluated by SQLite over an index that is only a cache.

An expression goes through `tokens` and `parser` (text to syntax), `checker` (types, against what the tree declares),
`compiler` (syntax to SQL with bound parameters), and runs in a `sandbox` over the `index`. The text itself never
reaches SQLite. That of `sql` does, behind the same sandbox. `docs/expressions.md` and `docs/sql.md` describe both.
"""

from dvcore.query.advice import NearValue, find_near_value, iter_advice
from dvcore.query.checker import check_expression, check_instance_expression
from dvcore.query.evaluation import Outcome, Row, evaluate, select
from dvcore.query.instances import InstanceOutcomes, evaluate_instances
from dvcore.query.sql import Answer, query_sql
from dvcore.query.unset import unset_names

__all__ = [
    "Answer",
    "InstanceOutcomes",
    "NearValue",
    "Outcome",
    "Row",
    "check_expression",
    "check_instance_expression",
    "evaluate",
    "evaluate_instances",
    "find_near_value",
    "iter_advice",
    "query_sql",
    "select",
    "unset_names",
]
