"""A set of page numbers, a bit each: 32 MiB for a file of a terabyte."""

from typing import Final

_FULL: Final = 0xFF


class PageSet:
    """Numbers from 0 to under `limit`, none of them in it at first."""

    def __init__(self, limit: int) -> None:
        self._bits = bytearray(-(-limit // 8))

    def __contains__(self, number: int) -> bool:
        return bool(self._bits[number >> 3] >> (number & 7) & 1)

    def add(self, first: int, count: int) -> bool:
        """Add a run of numbers; False, with nothing said about what was added, where one of them was there already."""
        end = first + count
        while first < end:
            byte, bit = divmod(first, 8)
            if bit == 0 and end - first >= 8:
                whole = (end - first) // 8
                is_new = not any(self._bits[byte : byte + whole])
                self._bits[byte : byte + whole] = bytes([_FULL]) * whole
                first += 8 * whole
            else:
                is_new = not self._bits[byte] >> bit & 1
                self._bits[byte] |= 1 << bit
                first += 1
            if not is_new:
                return False
        return True
