"""How long pushes and clones take, beside restic's copies and restores and the bytes alone:
`python benchmarks/remote.py --data FOLDER [--replacements FOLDER] [--s3 URL] [--repeat 3] [--work FOLDER]`.

DATA and REPLACEMENTS hold files as `D1` and `D1mod` of `data.py` do. Both tools have them in a repository on the same
disk first; measured are whole processes that bring it into another folder, in turns: `dset push` and `restic copy`, the
same again after ten files changed, `dset clone` and `restic restore`. A restored folder is files, a clone a repository.
With `--s3`, the endpoint of a server that takes any key, the packs of the folder remote are also written to a bucket
there by obstore alone, two at a time, beside a push of the same. Everything is made in a folder under `--work` that is
removed at the end.
"""

import argparse
import os
import shutil
import sys
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from environment import make_environment
from measure import Run, measure, shown

BUCKET: Final = "bench"
_OBSTORE: Final = """
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
import obstore
from obstore.store import S3Store
endpoint, prefix, folder = sys.argv[1], sys.argv[2], Path(sys.argv[3])
store = S3Store("bench", prefix=prefix, endpoint=endpoint, region="us-east-1", client_options={"allow_http": True})
def put(path):
    obstore.put(store, str(path.relative_to(folder)), path.read_bytes(), use_multipart=False)
paths = [path for path in sorted(folder.rglob("*")) if path.is_file() and not path.name.startswith(".")]
with ThreadPoolExecutor(2) as pool:
    list(pool.map(put, paths))
"""
_MAKE_BUCKET: Final = """
import sys
from urllib.request import Request, urlopen
signed = "AWS4-HMAC-SHA256 Credential=key/20260101/us-east-1/s3/aws4_request, SignedHeaders=a, Signature=b"
urlopen(Request(f"{sys.argv[1]}/bench", method="PUT", headers={"Authorization": signed}))
"""

Measured = defaultdict[str, list[Run]]


class Bench:
    """The data in both tools' repositories, and what is measured with them."""

    def __init__(self, options: argparse.Namespace, folder: Path) -> None:
        self._options = options
        self._folder = folder
        self._environment = make_environment(folder / "home", None) | {
            "RESTIC_FROM_PASSWORD": "bench",
            "AWS_ACCESS_KEY_ID": "nobody",
            "AWS_SECRET_ACCESS_KEY": "nothing",
            "AWS_ALLOW_HTTP": "true",
        }
        self._turns = 0
        self.measured: Measured = defaultdict(list)
        shutil.copytree(options.data, folder / "data")
        (folder / "own").mkdir()
        self._dset("own", "init", ".")
        self._look()
        self._restic("R", "init")
        self._back_up()
        if options.s3:
            self._run(sys.executable, "-c", _MAKE_BUCKET, options.s3)

    def turn(self) -> None:
        """Every step of both tools, each time into new folders; who is first changes."""
        self._turns += 1
        tools = [self._turn_of_dset, self._turn_of_restic]
        for tool in tools if self._turns % 2 else reversed(tools):
            tool()
        if self._options.s3:
            self._turn_of_s3()
        for name in ("remote", "clone", "R2", "restored"):
            shutil.rmtree(self._folder / name, ignore_errors=True)

    def _turn_of_dset(self) -> None:
        name = f"r{self._turns}"
        (self._folder / "remote").mkdir()
        self._dset("own", "remote", "add", name, self._folder / "remote")
        self._time("push: dset", self._dset, "own", "push", "--all", name)
        self._time("clone: dset", self._dset, ".", "clone", self._folder / "remote", self._folder / "clone")
        self._change()
        self._look()
        self._time("push of ten: dset", self._dset, "own", "push", "--all", name)
        self._dset("own", "remote", "remove", name)

    def _turn_of_restic(self) -> None:
        self._restic("R2", "init", "--from-repo", "R", "--copy-chunker-params")
        copy = ("copy", "--from-repo", "R")
        self._time("push: restic copy", self._restic, "R2", *copy)
        self._time("clone: restic restore", self._restic, "R2", "restore", "latest", "--target", "restored")
        self._change()
        self._back_up()
        self._time("push of ten: restic copy", self._restic, "R2", *copy)

    def _turn_of_s3(self) -> None:
        endpoint, prefix = self._options.s3, f"turn-{self._turns}"
        alone = (sys.executable, "-c", _OBSTORE, endpoint, f"{prefix}/alone", self._folder / "remote")
        self._time("push to S3: obstore alone", self._run, *alone)
        options = ("--endpoint", endpoint, "--region", "us-east-1")
        self._dset("own", "remote", "add", "bucket", f"s3://{BUCKET}/{prefix}/dset", *options)
        self._time("push to S3: dset", self._dset, "own", "push", "--all", "bucket")
        self._dset("own", "remote", "remove", "bucket")

    def _change(self) -> None:
        """Ten files get other bytes, different ones each time."""
        for number, path in enumerate(sorted(self._options.replacements.rglob("*.jpg"))):
            target = sorted((self._folder / "data").rglob("*.jpg"))[self._turns * 100 + number]
            target.write_bytes(path.read_bytes() + os.urandom(16))

    def _look(self) -> None:
        replace = ("--on-existing", "replace")
        self._dset("own", "import", self._folder / "data", "--to", "photos", "--format", "files", *replace)
        self._dset("own", "commit", "-m", "state")

    def _back_up(self) -> None:
        self._restic("R", "backup", "data")

    def _dset(self, folder: str, *arguments: str | Path) -> Run:
        return self._run("dset", "-C", self._folder / folder, *arguments)

    def _restic(self, repository: str, *arguments: str | Path) -> Run:
        return self._run("restic", "-q", "-r", repository, *arguments)

    def _run(self, *command: str | Path) -> Run:
        return measure(command, folder=self._folder, environment=self._environment)

    def _time(self, what: str, run: Callable[..., Run], *arguments: str | Path) -> None:
        os.sync()  # what was written and removed before must not slow down what comes next
        self.measured[what].append(run(*arguments))


def main() -> None:
    options = _options()
    with TemporaryDirectory(prefix="dset-remote-", dir=options.work) as name:
        bench = Bench(options, Path(name))
        for turn in range(options.repeat):
            bench.turn()
            print(f"turn {turn + 1}: done", file=sys.stderr, flush=True)
    for what in sorted(bench.measured):
        print(f"{what}: {shown(bench.measured[what])}")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--replacements", type=Path, required=True)
    parser.add_argument("--s3", metavar="URL", help="endpoint of a server on loopback")
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--work", type=Path)
    return parser.parse_args()


if __name__ == "__main__":
    main()
