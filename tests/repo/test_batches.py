from hypothesis import given
from hypothesis import strategies as st

from dvcore.repo.batches import iter_batches


@given(st.lists(st.integers(0, 9)), st.integers(1, 20))
def test_batches_hold_all_and_end_where_their_weight_comes_to_the_limit(weights: list[int], limit: int) -> None:
    batches = list(iter_batches(iter(weights), lambda weight: weight, limit))
    assert [weight for batch in batches for weight in batch] == weights
    assert all(batches)
    assert all(sum(batch[:-1]) < limit for batch in batches)
    assert all(sum(batch) >= limit for batch in batches[:-1])


def test_the_next_batch_is_not_begun_before_it_is_asked_for() -> None:
    items = iter("abcd")
    assert next(iter_batches(items, len, 2)) == ["a", "b"]
    assert next(items) == "c"
