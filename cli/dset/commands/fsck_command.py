"""`dset fsck`."""

import click

from dset.context import open_repository
from dset.output import say, say_json
from dvcore.repo.check import check_repository


@click.command("fsck")
@click.option("--quick", is_flag=True, help="Follow links without reading the blobs' bytes.")
@click.option("--json", "as_json", is_flag=True, help='{"ok","problems"}')
def command(quick: bool, as_json: bool) -> int:
    """Check everything that refs, working states and the operation log lead to."""
    problems = check_repository(open_repository(), read_blobs=not quick)
    if as_json:
        say_json({"ok": not problems, "problems": problems})
    else:
        for problem in problems:
            say(problem)
        say("all is well" if not problems else f"{len(problems)} problems")
    return 1 if problems else 0
