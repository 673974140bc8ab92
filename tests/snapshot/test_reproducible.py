"""One digest for the sign digits: whoever makes the snapshot, in whatever way, on whatever day."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from support.datasets import make_project

from dvcore.formats.intake.importing import import_source
from dvcore.image.render import toolchain
from dvcore.model.definition import ImageOptions, Label, Split
from dvcore.repo.commits import commit_working
from dvcore.repo.repository import Repository
from dvcore.snapshot.taking.take import take_snapshot
from dvcore.snapshot.verifying.verify import verify_rebuild

DIGITS = tuple(Label(f"sign-{digit}", f"label = '{digit}'") for digit in range(10))
PROJECTS = {
    "png": ImageOptions(color="gray", downsample="factor:4"),
    "jpeg": ImageOptions(downsample="both:64x64:pad", interpolation="lanczos", encoding="jpeg", background="white"),
}
DIGESTS = {
    "png": "4cbcedbda89ae8c72d8d65b04cf8e05ca727bb05db0f6d13a0adcbe1a77cde36",
    "jpeg": "df2f744538ffaa1ced34b6e9c738d713c5947a668411189633e76b11a47969fa",
}
CODECS = {"libjpeg-turbo": "3.2.0", "pillow": "13.0.0", "zlib-ng": "2.3.3"}
"""The versions that the digests belong to."""
COMMAND = """
import sys
from pathlib import Path
from dvcore.repo.repository import Repository
from dvcore.snapshot.taking.take import take_snapshot
with Repository.open(Path(sys.argv[1])) as repository:
    for name in sys.argv[3:]:
        print(take_snapshot(repository, name, out=Path(sys.argv[2]) / name, jobs=2).digest.hex())
"""


def make_projects(repository):
    commit_working(repository, "digits")
    for name, image in PROJECTS.items():
        make_project(repository, name, labels=DIGITS, image=image, splits=(Split("train", "0.8"), Split("test", "0.2")))


@pytest.fixture(scope="module")
def root(shared_data, tmp_path_factory):
    """A repository of all digits, with two projects that have no snapshot yet; not to be changed."""
    root = tmp_path_factory.mktemp("digits")
    with Repository.init(root) as repository:
        import_source(repository, shared_data / "sign-digits", ("digits",), format="folders")
        make_projects(repository)
    return root


def digests(root, tmp_path, **options):
    """The digests of the projects' first snapshots, taken in a copy of the repository."""
    clone = tmp_path / "clone"
    shutil.copytree(root, clone)
    with Repository.open(clone) as repository:
        found = {name: take_snapshot(repository, name, **options).digest.hex() for name in PROJECTS}
        assert verify_rebuild(repository, "jpeg@1").ok
    shutil.rmtree(clone)
    return found


def test_the_digests_are_pinned(root, tmp_path):
    here = toolchain()
    if any(here.get(name) != version for name, version in CODECS.items()):
        pytest.skip(f"the digests belong to {CODECS}, and here are {here}")
    assert digests(root, tmp_path) == DIGESTS


def test_the_number_of_jobs_does_not_show(root, tmp_path):
    assert digests(root, tmp_path, jobs=1) == digests(root, tmp_path, jobs=2) == digests(root, tmp_path, jobs=4)


def test_the_order_of_the_import_does_not_show(root, shared_data, tmp_path):
    with Repository.init(tmp_path / "reverse") as repository:
        for folder in sorted((shared_data / "sign-digits").iterdir(), reverse=True):
            for path in sorted(folder.iterdir(), reverse=True)[::2], sorted(folder.iterdir(), reverse=True)[1::2]:
                source = tmp_path / "part" / folder.name
                source.mkdir(parents=True)
                for one in path:
                    shutil.copy(one, source)
                import_source(repository, tmp_path / "part", ("digits",), format="folders")
                shutil.rmtree(tmp_path / "part")
        make_projects(repository)
    assert digests(tmp_path / "reverse", tmp_path) == digests(root, tmp_path)


def test_hash_seed_locale_and_time_zone_do_not_show(root, tmp_path):
    found = set()
    for seed, language, zone in (("1", "C", "UTC"), ("2", "tr_TR.UTF-8", "Asia/Kathmandu")):
        clone = tmp_path / seed
        shutil.copytree(root, clone)
        environment = {**os.environ, "PYTHONHASHSEED": seed, "LC_ALL": language, "TZ": zone}
        command = [sys.executable, "-c", COMMAND, str(clone), str(tmp_path / f"out{seed}"), *PROJECTS]
        found.add(subprocess.run(command, env=environment, check=True, capture_output=True, timeout=120).stdout)
    assert len(found) == 1
    assert found.pop().decode().split() == list(digests(root, tmp_path).values())
    first, second = (files(tmp_path / f"out{seed}") for seed in "12")
    assert first == second


def files(folder: Path):
    return {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if "tfrecord" in path.name}
