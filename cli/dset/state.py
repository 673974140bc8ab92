"""What the command line was started with; light, since every call imports it."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class State:
    """The folder that the command runs in, and whether a repository on a network file system is used all the same."""

    folder: Path
    allow_network_fs: bool = False
