"""Tables of variables beside images: comma-separated values, or lines of json. `docs/formats/csv.md` has the rules."""

from dvcore.formats.table.reader import CSV, JSON_LINES

__all__ = ["CSV", "JSON_LINES"]
