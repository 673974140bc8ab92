"""Moments that people write: `2026-11-22`, `2026-11-22 14:30`, `yesterday`, `3 days ago`, `2w`."""

import re
from datetime import UTC, datetime, timedelta
from typing import Final

from dvcore.errors import InvalidInputError

_UNITS: Final = {
    "s": timedelta(seconds=1),
    "second": timedelta(seconds=1),
    "minute": timedelta(minutes=1),
    "h": timedelta(hours=1),
    "hour": timedelta(hours=1),
    "d": timedelta(days=1),
    "day": timedelta(days=1),
    "w": timedelta(weeks=1),
    "week": timedelta(weeks=1),
    "month": timedelta(days=30),
    "year": timedelta(days=365),
}
"""`m` is none: it could be a minute or a month."""
_AGO: Final = re.compile(r"(?P<number>[0-9]{1,9}|an?)\s*(?P<unit>[a-z]+?)s?(\s+ago)?", re.IGNORECASE)
_DAYS_BACK: Final = {"today": 0, "yesterday": 1}


def parse_moment(text: str, now: datetime) -> int:
    """The moment in microseconds since 1970 UTC.

    A day is its beginning; an ISO date or time without a zone is one of the system's zone; a month has 30 days, a year
    365. Raises InvalidInputError.
    """
    try:
        moment = _find_named_day(text, now) or _find_ago(text, now) or _find_iso(text)
    except OverflowError:  # before the year 1: all there is
        moment = datetime.min.replace(tzinfo=UTC)
    if moment is None:
        raise InvalidInputError(
            f"{text!r} is no time", hint="write 2026-11-22, '2026-11-22 14:30', yesterday, '3 days ago' or 2w"
        )
    return (moment - datetime.fromtimestamp(0, UTC)) // timedelta(microseconds=1)


def _find_named_day(text: str, now: datetime) -> datetime | None:
    back = _DAYS_BACK.get(text.strip().lower())
    if back is None:
        return None
    midnight = now.astimezone().replace(tzinfo=None, hour=0, minute=0, second=0, microsecond=0)
    return (midnight - timedelta(days=back)).astimezone()


def _find_ago(text: str, now: datetime) -> datetime | None:
    match = _AGO.fullmatch(text.strip())
    unit = None if match is None else _UNITS.get(match["unit"].lower())
    if match is None or unit is None:
        return None
    return now - (int(match["number"]) if match["number"].isdecimal() else 1) * unit


def _find_iso(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text.strip())
        return moment if moment.tzinfo else moment.astimezone()
    except ValueError:
        return None
