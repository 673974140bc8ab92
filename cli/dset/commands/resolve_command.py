"""`dset resolve`."""

from pathlib import Path as DiskPath
from typing import Final

import click

from dset.context import open_repository
from dset.instances import read_instances
from dset.output import count, say, say_json
from dset.textfiles import text_file
from dvcore.errors import InvalidInputError
from dvcore.history.conflict_paths import Chosen
from dvcore.history.resolution import Side
from dvcore.history.resolving import ResolveReport, resolve, resolve_instances
from dvcore.ids import FileId, parse_id
from dvcore.model.names import Path, parse_path

_SIDES: Final = {"ours": Side.OURS, "theirs": Side.THEIRS, "base": Side.BASE, "as_is": Side.AS_IS}


@click.command("resolve")
@click.argument("targets", nargs=-1, metavar="[FILE]…")
@click.option("--ours", is_flag=True, help="As this branch has it.")
@click.option("--theirs", is_flag=True, help="As the merged commit has it.")
@click.option("--base", is_flag=True, help="As it was before either side changed it.")
@click.option("--as-is", is_flag=True, help="As the working state has it now, edited or not.")
@click.option(
    "--instances",
    type=text_file(),
    metavar="JSON",
    help="Give the one FILE these instances, as 'dset show FILE --json' prints them; - is standard input.",
)
@click.option("--variable", "variables", multiple=True, metavar="NAME", help="The declaration of a variable.")
@click.option("--label", "labels", multiple=True, metavar="NAME", help="The declaration of a label.")
@click.option("--json", "as_json", is_flag=True, help='{"settled","left"}')
def command(
    targets: tuple[str, ...],
    instances: DiskPath | None,
    variables: tuple[str, ...],
    labels: tuple[str, ...],
    as_json: bool,
    **flags: bool,
) -> None:
    """Settle the conflicts of a merge about FILE: a path, a file id, or a directory, which stands for all under it.

    '/' means all conflicts. 'dset status' lists what is left; when nothing is, 'dset commit' ends the merge.
    """
    sides = [side for flag, side in _SIDES.items() if flags[flag]]
    if len(sides) + (instances is not None) != 1:
        raise click.UsageError("say how: one of --ours, --theirs, --base, --as-is and --instances JSON")
    if not (targets or variables or labels):
        raise click.UsageError("name files, or '/' for all conflicts")
    paths, files = _read_targets(targets)
    if instances is None:
        report = resolve(open_repository(), Chosen(paths, files, variables, labels), sides[0])
    else:
        if len(targets) != 1 or variables or labels:
            raise click.UsageError("--instances are those of one file")
        report = resolve_instances(open_repository(), files[0] if files else paths[0], read_instances(instances))
    _say(report, as_json=as_json)


def _read_targets(targets: tuple[str, ...]) -> tuple[list[Path], list[FileId]]:
    paths: list[Path] = []
    files: list[FileId] = []
    for text in targets:
        try:
            files.append(FileId(parse_id(text)))
        except InvalidInputError:
            paths.append(parse_path(text))
    return paths, files


def _say(report: ResolveReport, *, as_json: bool) -> None:
    if as_json:
        say_json({"settled": report.settled, "left": report.left})
        return
    after = f"{report.left:,} left" if report.left else "none left: 'dset commit' ends the merge"
    say(f"{count(report.settled, 'conflict')} settled, {after}")
