"""What the commands load: most of them nothing of remotes, and a push to a folder no client of object stores."""

import subprocess
import sys
from pathlib import Path

import pytest
from support.command import Dset
from support.teams import Team

CLIENTS = {"obstore", "fsspec", "paramiko"}
HEAVY = {"numpy", "PIL", "tensorflow", "rich", "tomlkit"}
ASKING = {"dvcore.remote", "dvcore.remote.absence", "dvcore.remote.absence.asking"}
"""What a repository is opened with, for the case that an image is absent; it loads the rest then."""
CODE = """
import sys
from dset.main import main
try:
    main()
finally:
    print(*sorted(sys.modules), file=sys.stderr)
"""


def loaded(folder: Path, *arguments: str) -> set[str]:
    """The modules that a command loads."""
    done = subprocess.run(
        [sys.executable, "-c", CODE, *arguments], cwd=folder, capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stderr.splitlines()[:-1]
    return set(done.stderr.splitlines()[-1].split())


@pytest.fixture
def shared(tmp_path: Path, photos: Path) -> tuple[Team, Dset]:
    team = Team(tmp_path)
    ada = team.founded("ada")
    ada("import", photos, "--to", "nuts", "--format", "folders")
    ada("commit", "-m", "twelve nuts")
    ada("remote", "add", "origin", team.remote)
    ada("push")
    ada("annotate", "nuts/walnut", "--done")
    return team, ada


@pytest.mark.parametrize(
    "arguments",
    [
        "status",
        "ls -R",
        "ls --where label='walnut'",
        "diff",
        "annotate nuts/almond --done",
        "mirror nuts more",
        "commit -m again",
        "log",
        "branch --all",
        "show origin/main",
        "undo",
        "fsck",
        "gc",
        "export nuts out --format coco",
    ],
)
def test_most_commands_know_nothing_of_remotes(shared: tuple[Team, Dset], arguments: str) -> None:
    modules = loaded(shared[1].folder, *arguments.split())
    assert {name for name in modules if name.startswith("dvcore.remote")} <= ASKING
    assert not {name.partition(".")[0] for name in modules} & CLIENTS


@pytest.mark.parametrize("arguments", ["push", "fetch", "pull", "remote list", "evict", "fsck --remote", "gc --remote"])
def test_a_folder_takes_no_client(shared: tuple[Team, Dset], arguments: str) -> None:
    _, ada = shared
    ada("commit", "-m", "seen")
    assert not {name.partition(".")[0] for name in loaded(ada.folder, *arguments.split())} & (CLIENTS | HEAVY)


def test_a_clone_of_a_folder_takes_no_client(shared: tuple[Team, Dset]) -> None:
    team, _ = shared
    modules = loaded(team.folder, "clone", "remote", "bob")
    assert not {name.partition(".")[0] for name in modules} & (CLIENTS | HEAVY - {"tomlkit"})
