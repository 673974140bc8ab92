"""`make storm`: prints what was tried and what did not hold; exit code 1 where anything did not.

    python -m storm [--runs 300] [--seed 1] [--store s3|folder|both] [--folder DIR]

Storms come one after the other, each with a seed of its own, counted from `--seed` on. What failed says its seed, and
its folder is kept.
"""

import argparse
import os
import shutil
import sys
from collections import Counter
from contextlib import ExitStack
from pathlib import Path
from tempfile import mkdtemp
from traceback import format_exc

from storm.run import LostError, Storm, Tally, end_storms
from storm.weather import NoWeatherError, Weather, weather
from torture.lifetimes import end_orderly_when_told
from torture.processes import HangingError, warm_up


def main() -> int:
    """Gives the exit code."""
    options = _options()
    end_orderly_when_told()
    # Servers on loopback ask for no secrets.
    os.environ |= {"AWS_ACCESS_KEY_ID": "nobody", "AWS_SECRET_ACCESS_KEY": "nothing", "AWS_ALLOW_HTTP": "true"}
    folder = Path(mkdtemp(prefix="dset-storm-", dir=options.folder)).resolve()
    with ExitStack() as stack:
        skies = _skies(options.store, stack)
        warm_up()
        failures, tallies = _run_all(folder, options.seed, options.runs, skies)
    pushes, kills = sum(one.pushes for one in tallies), sum(one.kills for one in tallies)
    _say(f"{options.runs} storms from seed {options.seed}: {pushes} pushes reported done, {kills} kills")
    for ending, count in sorted(sum((one.endings for one in tallies), Counter[str]()).items()):
        _say(f"  {ending}: {count}")
    _say(f"{failures} did not hold, see {folder}" if failures else "all held")
    if not failures:
        shutil.rmtree(folder)
    return 1 if failures else 0


def _run_all(folder: Path, first: int, runs: int, skies: list[Weather | None]) -> tuple[int, list[Tally]]:
    failures, tallies = 0, []
    for seed in range(first, first + runs):
        place = folder / f"storm-{seed}"
        place.mkdir()
        try:
            tallies.append(Storm(place, seed, skies[seed % len(skies)]).run())
            shutil.rmtree(place)
        except (LostError, HangingError) as error:
            failures += 1
            _say(f"seed {seed}: {error}")
        except Exception:  # noqa: BLE001  # the next storm must come
            failures += 1
            _say(f"seed {seed}: {format_exc()}")
        finally:
            end_storms()
    return failures, tallies


def _skies(store: str, stack: ExitStack) -> list[Weather | None]:
    """What the storms take in turn; None is a folder."""
    skies: list[Weather | None] = [] if store == "s3" else [None]
    if store != "folder":
        try:
            skies.append(stack.enter_context(weather()))
        except NoWeatherError as reason:
            _say(f"NOT TRIED: S3: {reason}")
    return skies or [None]


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m storm", description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--runs", type=int, default=300)
    parser.add_argument("--seed", type=int, default=1, help="of the first; each next one has the next")
    parser.add_argument("--store", choices=["s3", "folder", "both"], default="both")
    parser.add_argument("--folder", type=Path, help="where private folders are made")
    return parser.parse_args()


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
