import os
import time
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from dset.times import parse_moment
from dvcore.errors import InvalidInputError

NOW = datetime(2026, 11, 22, 12, 30, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _berlin(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """An hour ahead of UTC in winter, two in summer."""
    monkeypatch.setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3")
    time.tzset()
    yield
    monkeypatch.undo()
    os.environ.pop("TZ", None)
    time.tzset()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-11-20", "2026-11-19T23:00"),
        ("2026-07-20", "2026-07-19T22:00"),
        ("20261120", "2026-11-19T23:00"),
        ("2026-11-20 14:30", "2026-11-20T13:30"),
        ("2026-11-20T14:30:15Z", "2026-11-20T14:30:15"),
        ("2026-11-20T14:30-05:00", "2026-11-20T19:30"),
        ("today", "2026-11-21T23:00"),
        ("Yesterday", "2026-11-20T23:00"),
        ("3 days ago", "2026-11-19T12:30"),
        ("1 day", "2026-11-21T12:30"),
        ("2w", "2026-11-08T12:30"),
        ("12h", "2026-11-22T00:30"),
        ("an hour ago", "2026-11-22T11:30"),
        ("a minute ago", "2026-11-22T12:29"),
        ("90 seconds ago", "2026-11-22T12:28:30"),
        (" 2 Months ago ", "2026-09-23T12:30"),
        ("1 year ago", "2025-11-22T12:30"),
        ("99999 years ago", "0001-01-01"),
    ],
)
def test_moments(text: str, expected: str) -> None:
    moment = datetime.fromisoformat(expected).replace(tzinfo=UTC)
    assert parse_moment(text, NOW) == int(moment.timestamp()) * 1_000_000


@pytest.mark.parametrize(
    "text", ["", "soon", "5m", "3 days from now", "-3 days", "2026-13-01", "2026-11-20 25:00", "1.5 days", "ago", "d"]
)
def test_what_is_no_moment(text: str) -> None:
    with pytest.raises(InvalidInputError, match="is no time; write 2026-11-22"):
        parse_moment(text, NOW)
