"""What dset takes for its work, beside the tools that do the like: `python benchmarks/run.py [--workloads …]`.

Every figure is a whole process, start-up included, as a user waits for it; the median of several repetitions, in which
the tools take turns. Other programs on the machine falsify it: compare figures of one run, not of two.
"""

import argparse
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from data import LARGE, TINY, Files, image_files, large_file, tiny_files
from environment import make_environment
from limits import NO_LIMIT, memory_limit
from machine import machine, versions
from measure import FailedError
from own import OWN, start
from results import Results
from table import tables, target_table
from tools import TOOLS, Dset, Place, Tool, missing
from workloads import STEPS, Turns, remove

WORKLOADS: Final = ("start", *STEPS, *OWN)


def main() -> None:
    options = _options()
    limit = memory_limit(options.memory_limit) if options.memory_limit else NO_LIMIT
    results = Results()
    with _work_folder(options.work) as work:
        data = options.data or work / "data"
        environment = make_environment(work / "home", _find_dvc(options.dvc, data))
        tools = _installed(options.tools, environment)
        _print_head(options, limit.name, versions(tools, Place(work, (), "", environment)))
        files = {name: _files(name, data, work, options) for name in options.workloads}
        try:
            for number in range(options.repeat):
                for name in options.workloads:
                    print(f"repetition {number + 1} of {options.repeat}: {name}", file=sys.stderr)
                    turns = Turns(name, number, work / name, environment=environment, results=results, limit=limit)
                    _repeat(turns, tools, files[name])
        finally:  # whoever stops a long run sees what it has found so far
            _print_tables(results)
    if results.failures:
        sys.exit("failed:\n" + "\n".join(dict.fromkeys(results.failures)))


def _repeat(turns: Turns, tools: list[type[Tool]], files: Files) -> None:
    try:
        if turns.workload in STEPS:
            turns.run(tools, files, STEPS[turns.workload])
        elif turns.workload in OWN:
            OWN[turns.workload](turns, turns.set_up([Dset], files)[0])
        else:
            start(turns, turns.set_up(tools, files))
    except FailedError as error:
        turns.results.fail(turns.workload, error)
    remove(turns.folder)


@contextmanager
def _work_folder(parent: Path | None) -> Iterator[Path]:
    work = Path(tempfile.mkdtemp(prefix="dset-bench-", dir=parent))
    try:
        yield work
    finally:
        remove(work)


def _files(workload: str, data: Path, work: Path, options: argparse.Namespace) -> Files:
    match workload:
        case "tiny":
            return tiny_files(data, options.tiny)
        case "large":
            return large_file(data, options.large)
        case "start":
            (work / "empty").mkdir()
            return Files(work / "empty", work / "empty")
        case _:
            return image_files(data, options.images)


def _find_dvc(given: Path | None, data: Path) -> Path | None:
    """As told, or in an environment beside the data."""
    candidate = given or data / "venv-dvc" / "bin" / "dvc"
    return candidate if shutil.which(candidate) else None


def _installed(names: list[str], environment: dict[str, str]) -> list[type[Tool]]:
    wanted = tuple(tool for tool in TOOLS if tool.name in names)
    absent = missing(wanted, environment)
    for tool in absent:
        print(f"{tool.name} is not installed, its column stays empty; to get it: {tool.packaged}", file=sys.stderr)
    if len(absent) == len(wanted):
        raise SystemExit("none of the tools is installed: nothing to measure")
    return [tool for tool in wanted if tool not in absent]


def _print_head(options: argparse.Namespace, limit: str, tool_versions: str) -> None:
    print(f"{datetime.now(UTC):%Y-%m-%d}, {machine()}; {tool_versions}.")
    print(f"{options.images:,} images; {options.tiny:,} tiny files; large file of {options.large:,} MB;", end=" ")
    print(f"median of {options.repeat} (least-greatest); dset with {limit}.\n", flush=True)


def _print_tables(results: Results) -> None:
    for name in WORKLOADS:
        if results.steps(name):
            print("\n".join(tables(results, name)))
    print("\n".join(target_table(results)))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Measure dset beside the tools that do the like.")
    names = [tool.name for tool in TOOLS]
    parser.add_argument(
        "--workloads", nargs="+", choices=WORKLOADS, default=WORKLOADS, metavar="NAME", help=_of(WORKLOADS)
    )
    parser.add_argument("--tools", nargs="+", choices=names, default=names, metavar="NAME", help=_of(names))
    parser.add_argument("--repeat", type=int, default=3, metavar="N", help="repetitions (3)")
    parser.add_argument("--images", type=int, default=20_000, metavar="N", help="how many JPEGs (20,000)")
    parser.add_argument("--tiny", type=int, default=TINY, metavar="N", help=f"how many files of 1 KB ({TINY:,})")
    parser.add_argument("--large", type=int, default=LARGE, metavar="MB", help=f"size of the large file ({LARGE:,})")
    parser.add_argument("--data", type=Path, metavar="DIR", help="where the files are, or are made and stay")
    parser.add_argument("--work", type=Path, metavar="DIR", help="where the repositories are made; fast and roomy")
    parser.add_argument("--dvc", type=Path, metavar="PROGRAM", help="where dvc is, if not on the path")
    parser.add_argument("--memory-limit", type=int, metavar="MB", help="let dset have no more memory than this")
    return parser.parse_args()


def _of(names: tuple[str, ...] | list[str]) -> str:
    return f"only some of: {', '.join(names)}"


if __name__ == "__main__":
    main()
