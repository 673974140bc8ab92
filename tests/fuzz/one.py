"""Fuzzes one target in this process: `python -m fuzz.one NAME SECONDS FOLDER`. Findings go into the folder."""

import sys
import tempfile
import traceback
from pathlib import Path
from typing import Final

import atheris

with atheris.instrument_imports(include=["dvcore"]):
    from fuzz.target import Target
    from fuzz.targets import all_targets

_LIMITS: Final = ("-timeout=60", "-rss_limit_mb=2000", "-print_final_stats=1")
"""Seconds that one input may take, megabytes of the process."""


class Finder:
    """Tries inputs on a target and notes what must not be raised, once for each place in the code."""

    def __init__(self, target: Target, folder: Path) -> None:
        self._target = target
        self._folder = folder
        self._places: set[str] = set()

    def __call__(self, data: bytes) -> None:
        try:
            self._target.try_taking(data)
        except Exception as error:  # noqa: BLE001 - that there is no other is what is tried
            frame = traceback.extract_tb(error.__traceback__)[-1]
            self._note(f"{type(error).__name__}-{Path(frame.filename).stem}-{frame.lineno}", data, error)

    def _note(self, place: str, data: bytes, error: Exception) -> None:
        if place not in self._places:
            self._places.add(place)
            (self._folder / f"{place}.input").write_bytes(data)
            (self._folder / f"{place}.txt").write_text("".join(traceback.format_exception(error)))


def main() -> None:
    """Does not return: libFuzzer ends the process."""
    name, seconds, folder = sys.argv[1], sys.argv[2], Path(sys.argv[3])
    tempfile.tempdir = str(folder)  # nobody gets to remove what targets make there
    target = all_targets()[name]
    corpus = folder / "corpus"
    corpus.mkdir()
    for number, seed in enumerate(target.seeds):
        (corpus / f"seed-{number}").write_bytes(seed)
    flags = [*_LIMITS, f"-max_total_time={seconds}", f"-artifact_prefix={folder}/"]
    atheris.Setup([sys.argv[0], *flags, str(corpus)], Finder(target, folder))
    atheris.Fuzz()


if __name__ == "__main__":
    main()
