"""Ratios of splits, made at random and made into splits."""

from hypothesis import strategies as st

from dvcore.model.definition import Split
from dvcore.snapshot.splits.numbers import format_ratio, parse_ratio


def splits_of(*texts: str) -> list[Split]:
    """Splits of these ratios."""
    return [Split(f"s{index}", ratio) for index, ratio in enumerate(texts)]


@st.composite
def ratios(draw: st.DrawFn, parts: int | None = None) -> list[str]:
    """Decimals that total exactly 1, `parts` of them, or up to six."""
    sizes = {"max_size": 5} if parts is None else {"min_size": parts - 1, "max_size": parts - 1}
    cuts = sorted(draw(st.lists(st.integers(0, 1000), **sizes)))
    return [format_ratio(parse_ratio(f"{(b - a) / 1000:.3f}")) for a, b in zip([0, *cuts], [*cuts, 1000], strict=True)]
