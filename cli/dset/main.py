"""The `dset` command: finds the subcommand's module when it is called, and turns errors into one line and an exit code.

Exit codes: 0 done, 1 failed (or, for checks, not well), 2 called wrongly, 130 interrupted.
"""

import gc
import os
import sys
import traceback
from importlib import import_module
from pathlib import Path
from typing import Final

import click

from dset import __version__
from dset.state import State
from dvcore.errors import DsetError, FaultyFilesError, StorageError, nearest_hint

COMMANDS: Final = {
    "init": "Make a new repository.",
    "clone": "Make a repository that has what a remote has.",
    "import": "Bring images and annotations in.",
    "ls": "List directories and files.",
    "show": "Show a file, directory, commit, project or snapshot.",
    "mirror": "Put the same files into another directory.",
    "copy": "Make new files over the same bytes.",
    "move": "Move or rename entries.",
    "remove": "Remove entries.",
    "mkdir": "Make directories.",
    "variable": "Declare, list, edit and remove variables of files.",
    "annotate": "Set variables and instances of files.",
    "stats": "Describe files: labels, sizes, areas, variables.",
    "sql": "Ask with SQL about files and instances.",
    "status": "Show what is not committed.",
    "commit": "Fix the working state under one hash.",
    "log": "List commits.",
    "diff": "Show what changed between two revisions.",
    "blame": "Say which commit made each part of a file.",
    "branch": "List, create, rename and delete branches.",
    "switch": "Go to another branch.",
    "tag": "List, create and delete tags.",
    "merge": "Bring another branch's changes in.",
    "resolve": "Settle conflicts of a merge.",
    "restore": "Make a directory what it was.",
    "revert": "Take back what a commit did.",
    "cherry-pick": "Do again here what a commit did.",
    "undo": "Take back the newest operation.",
    "redo": "Do again what undo took back.",
    "operations": "List operations, newest first.",
    "project": "Define what is exported.",
    "snapshot": "Write a project's TFRecords.",
    "verify": "Check a snapshot's shards.",
    "export": "Write files in the form that other tools read.",
    "remote": "Name where the repository is pushed to.",
    "push": "Send to a remote what it lacks.",
    "fetch": "Bring what a remote has.",
    "pull": "Fetch, and merge.",
    "evict": "Give up images here that a remote has.",
    "fsck": "Check the repository.",
    "gc": "Remove what nothing leads to any more.",
}
"""Each command and its line in the help; its module is `dset.commands.<name>_command`, with `_` for `-`."""


_COLLECTED_AT: Final = 50_000
"""Objects that come to be before Python looks for cycles among the youngest. We make next to none, and at Python's own
700 an import of many boxes spends a tenth of its time looking."""


class LazyGroup(click.Group):
    """Imports a command's module when the command is called; the list of commands needs none of them."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """In the order of `COMMANDS`, which is that of daily work."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command, or None where there is none of this name."""
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = import_module(f"dset.commands.{cmd_name.replace('-', '_')}_command").command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """As click does it, and the nearest name where there is no such command."""
        if args[0] not in COMMANDS and not args[0].startswith("-"):
            hint = nearest_hint(args[0], COMMANDS) or "'dset --help' lists them"
            raise click.UsageError(f"no command {args[0]!r}; {hint}", ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Names and help lines, without importing anything."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="dset")
@click.option(
    "-C",
    "folder",
    metavar="DIR",
    default=".",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Run as if started in DIR.",
)
@click.option("--allow-network-fs", is_flag=True, help="Use a repository on a network file system all the same.")
@click.option("--debug", is_flag=True, help="Show the traceback of an error.")
@click.pass_context
def cli(context: click.Context, folder: Path, allow_network_fs: bool, debug: bool) -> None:
    """Git for vision datasets."""
    context.obj = State(folder, allow_network_fs)


def main() -> None:
    """Entry point of the command."""
    gc.set_threshold(_COLLECTED_AT)
    try:
        code = cli.main(standalone_mode=False)
    except click.exceptions.Exit as stop:
        sys.exit(stop.exit_code)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        click.echo("dset: interrupted", err=True)
        sys.exit(130)
    except BrokenPipeError:  # whoever read our output has enough
        _drop_output()
        sys.exit(1)
    except OSError as error:
        _drop_output()
        # The library tells its own troubles with the disk as StorageError; what is left is our output.
        _tell(StorageError(f"cannot write the output: {error.strerror}", hint="what the command did, it has done"))
        sys.exit(1)
    except Exception as error:  # noqa: BLE001 - the last place where an error can be told
        _tell(error)
        sys.exit(1)
    sys.exit(code if isinstance(code, int) else 0)


def _drop_output() -> None:
    """Send what is still buffered nowhere, or Python would try once more on its way out, and complain."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _tell(error: Exception) -> None:
    if "--debug" in sys.argv:
        traceback.print_exception(error)
    if isinstance(error, FaultyFilesError):
        for fault in error.faults:
            if fault.where not in error.message:
                click.echo(f"  {fault}", err=True)
    if isinstance(error, DsetError):
        click.echo(f"dset: {error}", err=True)
    else:
        click.echo(f"dset: internal error: {error!r}; --debug before the command shows where", err=True)
