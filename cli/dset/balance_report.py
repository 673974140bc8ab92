"""How labels spread over splits, printed."""

from typing import Any

from dset.output import say, say_table
from dvcore.snapshot.splits.balance import NOTE, Balance, balance_table, has_brackets


def say_balance(balance: Balance) -> None:
    """A row for each label, a column for each split, and how far each is from the ratios."""
    header, rows = balance_table(balance)
    say_table(rows, header)
    if has_brackets(balance):
        say(NOTE)


def balance_json(balance: Balance) -> list[dict[str, Any]]:
    """A row for each cell; the label is null for all images together."""
    return [
        {
            "label": row.label,
            "split": split,
            "images": cell.images,
            "filtered": cell.filtered,
            "wanted": round(cell.wanted, 3),
            "unusual": cell.is_unusual,
        }
        for row in balance.rows
        for split, cell in zip(balance.splits, row.cells, strict=True)
    ]
