"""Numbers as texts, for formats that are text."""


def format_decimal(value: float, digits: int = 6) -> str:
    """The number with at most so many digits behind the point, of which there is one at least, and none that says
    nothing: `12`, `0.25`."""
    text = f"{value:.{digits}f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text
