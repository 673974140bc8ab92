"""How long the shortest commands take: mostly Python's own start and imports."""

from pathlib import Path
from typing import Final

from bench import DSET, ENVIRONMENT, Results
from measure import measure

_REPEAT: Final = 15


def measure_start_up(folder: Path, results: Results) -> None:
    """`--version`, `--help` and `status` in an empty repository."""
    measure((DSET, "init", "empty"), folder=folder, environment=ENVIRONMENT)
    for arguments in (("--version",), ("--help",), ("-C", "empty", "status")):
        for _ in range(_REPEAT):
            run = measure((DSET, *arguments), folder=folder, environment=ENVIRONMENT)
            results[f"dset {arguments[-1]}", "dset"].append(run)
