"""The environment that every tool is measured in: programs, and a home of its own."""

import os
import sys
from pathlib import Path
from typing import Final

_GIT_CONFIG: Final = "[user]\n name = Bench\n email = bench@example.org\n[init]\n defaultBranch = main\n"
_NO_BACKGROUND: Final = "[gc]\n auto = 0\n[maintenance]\n auto = false\n"
"""git would tidy up in the background, beside the tool that is measured next."""


def make_environment(home: Path, dvc: Path | None) -> dict[str, str]:
    """Settings for all tools; `home` is made, `dvc` is where that program is, where it is not on the path."""
    home.mkdir()
    (home / ".gitconfig").write_text(_GIT_CONFIG + _NO_BACKGROUND)
    programs = [str(Path(sys.executable).parent), os.environ["PATH"], *([str(dvc.parent.absolute())] if dvc else [])]
    return {
        "HOME": str(home),
        "XDG_CONFIG_HOME": str(home / "config"),
        "XDG_CACHE_HOME": str(home / "cache"),
        "PATH": os.pathsep.join(programs),
        "LC_ALL": "C.UTF-8",
        "DSET_AUTHOR": "Bench <bench@example.org>",
        "RESTIC_REPOSITORY": "restic",
        "RESTIC_PASSWORD": "bench",
        "RESTIC_CACHE_DIR": str(home / "restic"),
        "BORG_BASE_DIR": str(home / "borg"),
        "BORG_UNKNOWN_UNENCRYPTED_REPO_ACCESS_IS_OK": "yes",
        "DVC_NO_ANALYTICS": "1",
        "DVC_SITE_CACHE_DIR": str(home / "dvc"),
        "GIT_CONFIG_NOSYSTEM": "1",
    }
