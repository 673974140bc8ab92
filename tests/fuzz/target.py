"""What is fuzzed: anything that takes bytes of strangers."""

from collections.abc import Callable
from dataclasses import dataclass

from dvcore.errors import DsetError, FaultyFilesError


@dataclass(frozen=True, slots=True)
class Target:
    """`take` is given any bytes, and may raise nothing but DsetError. `seeds` are what mutations begin with."""

    take: Callable[[bytes], None]
    seeds: tuple[bytes, ...]

    def try_taking(self, data: bytes) -> None:
        """Raises whatever must not be raised, and UnicodeEncodeError where a refusal cannot be shown."""
        try:
            self.take(data)
        except DsetError as error:
            said = error.faults if isinstance(error, FaultyFilesError) else ()
            "\n".join([str(error), *map(str, said)]).encode()
