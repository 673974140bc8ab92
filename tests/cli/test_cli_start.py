"""The command as the system starts it: exit codes, what it loads, who it says it is."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from support.command import Dset

from dset.main import COMMANDS

HEAVY = {"numpy", "PIL", "tensorflow", "rich", "shapely", "pycocotools"}
BIN = Path(sys.executable).parent


def started(*arguments: str, folder: Path, code: str | None = None) -> "subprocess.CompletedProcess[str]":
    """`dset` in a process of its own; `code` instead of the plain entry point."""
    command = [str(BIN / "dset")] if code is None else [sys.executable, "-c", code]
    return subprocess.run([*command, *arguments], cwd=folder, capture_output=True, text=True, check=False, timeout=60)


def loaded(*arguments: str, folder: Path) -> set[str]:
    """The packages that a command loads."""
    code = """
import sys
from dset.main import main
try:
    main()
finally:
    print(*sorted({name.split('.')[0] for name in sys.modules}), file=sys.stderr)
"""
    done = started(*arguments, folder=folder, code=code)
    assert done.returncode == 0, done.stderr
    return set(done.stderr.splitlines()[-1].split())


def test_version_and_help_load_neither_images_nor_the_store(tmp_path: Path) -> None:
    for option in ("--version", "--help"):
        assert not loaded(option, folder=tmp_path) & (HEAVY | {"lmdb", "msgpack", "sqlite3", "blake3"})


@pytest.mark.parametrize("command", COMMANDS)
def test_help_of_a_command_loads_nothing_heavy(tmp_path: Path, command: str) -> None:
    assert not loaded(command, "--help", folder=tmp_path) & HEAVY


@pytest.mark.parametrize(
    "arguments",
    [
        "status",
        "ls nuts -R",
        "ls nuts --where has('walnut')",
        "diff --instances",
        "annotate nuts/walnut --set label=almond",
        "mirror nuts walnuts",
        "copy nuts plain",
        "commit -m again",
        "log",
        "undo",
        "show nuts",
    ],
)
def test_light_commands_load_nothing_heavy(nuts: Dset, arguments: str) -> None:
    nuts("mkdir", "new")
    nuts("annotate", "nuts/walnut", "--done", "--unset", "label")
    assert not loaded(*arguments.split(), folder=nuts.folder) & HEAVY


def test_exit_codes(tmp_path: Path) -> None:
    assert started("init", folder=tmp_path).returncode == 0
    failed = started("ls", "nope", folder=tmp_path)
    assert (failed.returncode, failed.stdout) == (1, "")
    assert failed.stderr == "dset: no file or directory 'nope'\n"
    wrong = started("ls", "--nope", folder=tmp_path)
    assert (wrong.returncode, wrong.stdout) == (2, "")


def test_version_is_a_line(tmp_path: Path) -> None:
    assert started("--version", folder=tmp_path).stdout == "dset, version 0.1.0\n"


def test_a_reader_that_has_enough_is_no_error(nuts: Dset) -> None:
    nuts("copy", "nuts", "a")
    with subprocess.Popen(
        [BIN / "dset", "log"], cwd=nuts.folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == ""
        process.wait(60)


def test_json_is_all_of_standard_output(project: Dset) -> None:
    project("variable", "add", "spare", "--type", "bool")
    project("commit", "-m", "a variable")
    done = started("snapshot", "kinds", "--json", folder=project.folder)
    assert done.returncode == 0
    assert len(done.stdout.splitlines()) == 1


def test_the_folder_of_the_command(nuts: Dset, tmp_path: Path) -> None:
    inside = tmp_path / "deep" / "down"
    inside.mkdir(parents=True)
    assert Dset(inside)("ls", "--count").json == 12
    outside = Dset(tmp_path.parent)
    assert outside("-C", tmp_path, "ls", "--count").json == 12
    (tmp_path / "list.txt").write_text("nuts/walnut\n")
    outside("-C", tmp_path, "mirror", "walnuts", "--from-file", "list.txt")
    assert nuts("ls", "walnuts", "--count").json == 6


def test_the_author_of_a_commit(nuts: Dset) -> None:
    def author(*arguments: str, **environment: str) -> str:
        number = len(nuts("log", "--json").rows)
        nuts("mkdir", f"{number}")
        nuts("commit", "-m", "x", *arguments, env=environment)
        return str(nuts("log", "-n", "1", "--json").json["author"])

    config = nuts.folder / ".dset" / "config.toml"
    config.write_text('[identity]\nauthor = "Cyd <cyd@example.org>"\n')
    assert author("--author", "Bob <bob@example.org>", DSET_AUTHOR="Eve <e@x>") == "Bob <bob@example.org>"
    assert author(DSET_AUTHOR="Eve <e@x>") == "Eve <e@x>"
    assert author(DSET_AUTHOR="") == "Cyd <cyd@example.org>"
    config.unlink()
    assert f"@{os.uname().nodename}>" in author(DSET_AUTHOR="")


@pytest.mark.parametrize("text", ["[identity", "[identity]\nauthor = 7\n", "identity = 3\n"])
def test_a_configuration_that_cannot_be_read(nuts: Dset, monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv("DSET_AUTHOR", "")
    config = nuts.folder / ".dset" / "config.toml"
    config.write_text(text)
    assert str(config) in nuts.fails("status")
    config.unlink()


@pytest.mark.parametrize("buffered", ["", "1"], ids=["buffered", "unbuffered"])
def test_output_that_cannot_be_written(nuts: Dset, buffered: str) -> None:
    command = [str(Path(sys.executable).parent / "dset"), "-C", str(nuts.folder), "ls", "nuts", "-R"]
    environment = {**os.environ, "PYTHONUNBUFFERED": buffered}
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, check=False, env=environment)
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert "cannot write the output: No space left on device" in done.stderr


@pytest.mark.parametrize("buffered", ["", "1"], ids=["buffered", "unbuffered"])
def test_a_reader_that_has_enough(nuts: Dset, buffered: str) -> None:
    nuts("mirror", "nuts", "a/long/way/to/the/same/files")
    command = [str(Path(sys.executable).parent / "dset"), "-C", str(nuts.folder), "ls", "-R"]
    environment = {**os.environ, "PYTHONUNBUFFERED": buffered}
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment) as reading:
        assert reading.stdout is not None
        assert reading.stderr is not None
        reading.stdout.close()
        assert reading.stderr.read() == b""
        assert reading.wait() == 1
