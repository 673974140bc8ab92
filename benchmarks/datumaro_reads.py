"""Datumaro as an independent reader of what we export: `python benchmarks/datumaro_reads.py`, with `dset` installed.

Datumaro needs an older Pillow and pyarrow than this project, so that it gets an environment of its own, made anew in a
temporary folder, or kept in the one that `--environment` names. The script imports real data, exports it, has Datumaro
count images and annotations by label, and compares with our report. It is no part of the tests: it installs from the
network.
"""

import argparse
import json
import subprocess
import sys
import venv
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory

DATUMARO = "datumaro==1.13.12"
DATA = Path(__file__).resolve().parents[2] / "shared" / "data"
SETS = (("bccd", ("voc", "coco", "yolo", "kitti", "cvat")), ("coco-polygons", ("coco", "voc", "cvat")))
FORMATS = {"voc": "voc", "coco": "coco", "yolo": "yolo", "kitti": "kitti", "cvat": "cvat"}
"""Ours, and what Datumaro calls each."""


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--environment", type=Path, help="where Datumaro is, or is to be kept")
    parser.add_argument("--read", nargs=2, metavar=("FOLDER", "FORMAT"), help="count, inside that environment")
    options = parser.parse_args()
    if options.read:
        print(json.dumps(count(*options.read)))
        return 0
    with TemporaryDirectory() as name:
        python = environment(options.environment or Path(name, "environment"))
        return sum(compare(source, format_, Path(name), python) for source, formats in SETS for format_ in formats)


def environment(folder: Path) -> Path:
    python = folder / "bin" / "python"
    if not python.exists():
        venv.create(folder, with_pip=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", DATUMARO], check=True)
    return python


def compare(source: str, format_: str, folder: Path, python: Path) -> bool:
    """Whether Datumaro counts otherwise than our report."""
    repository = folder / source
    if not repository.exists():
        repository.mkdir()
        dset(repository, "init")
        dset(repository, "import", str(DATA / source), "--to", "d")
    out = folder / f"{source}-{format_}"
    report = json.loads(dset(repository, "export", "d", str(out), "--format", format_, "--json"))
    command = [python, __file__, "--read", out, FORMATS[format_]]
    read = subprocess.run(command, capture_output=True, text=True, check=False)
    found = json.loads(read.stdout.splitlines()[-1]) if read.returncode == 0 else read.stderr.strip().splitlines()[-1:]
    expected = {"images": report["files"], "labels": report["instances"]}
    print(f"{source} as {format_}: {'well' if found == expected else f'{found} instead of {expected}'}", flush=True)
    return found != expected


def count(folder: str, format_: str) -> object:
    """Images, and annotations that are drawn by label, as Datumaro reads them."""
    from datumaro import AnnotationType, Dataset  # noqa: PLC0415 - it is in that environment only

    found = Dataset.import_from(folder, format_)
    names = found.categories()[AnnotationType.label]
    drawn = {AnnotationType.bbox, AnnotationType.polygon, AnnotationType.mask, AnnotationType.points}
    groups: Counter[str] = Counter()
    for item in found:
        # The box and the outline of one object are two annotations of one group.
        seen = {(one.group or (id(one),), one.label) for one in item.annotations if one.type in drawn}
        groups.update(names[label].name for _, label in seen)
    return {"images": len(found), "labels": dict(sorted(groups.items()))}


def dset(folder: Path, *arguments: str) -> str:
    code = "import sys; from dset.main import main; sys.argv = ['dset', *sys.argv[1:]]; main()"
    command = [sys.executable, "-c", code, *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True).stdout


if __name__ == "__main__":
    sys.exit(main())
