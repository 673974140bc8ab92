"""A snapshot in a real S3 protocol: parts, a kill in the middle, a bad network, and a clone that loads it."""

import io
import os
import random
import signal
import subprocess
import sys
from collections.abc import Iterator
from threading import Lock

import pytest
from PIL import Image
from support.command import Dset
from support.datasets import drawn_repository, make_project, put_files
from support.fault_proxy import HARD, Fault, FaultProxy, at_random
from support.servers import BUCKET, s3_server

import dvcore
from dvcore.model.definition import Split
from dvcore.remote.exchange.places import open_place, parse_url
from dvcore.repo.commits import commit_working
from dvcore.repo.origins import ORIGIN
from dvcore.repo.projects import load_project
from dvcore.repo.repository import Repository

RUN = "import sys; from dset.main import main; sys.argv[0] = 'dset'; main()"


@pytest.fixture
def proxy() -> Iterator[FaultProxy]:
    with s3_server() as server, FaultProxy(server.address) as proxy:
        yield proxy


@pytest.fixture
def dset(tmp_path, proxy, monkeypatch) -> Dset:
    """A repository with a project whose first shard takes three parts; the variables name the server."""
    for name in [name for name in os.environ if name.startswith(("AWS_", "AZURE_", "GOOGLE_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_ENDPOINT_URL", proxy.url)
    monkeypatch.setenv("AWS_ALLOW_HTTP", "true")
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDTESTTESTTEST")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret-of-tests")
    with drawn_repository(tmp_path / "work", 6) as made:
        put_files(made, {"nuts/huge.png": noise()}, {"nuts/huge.png": "walnut"})
        commit_working(made, "a huge one")
        make_project(made, splits=(Split("train", "1", None, 1), Split("test", "0", "name < '003'", 1)))
    return Dset(tmp_path / "work")


def noise() -> bytes:
    stream = io.BytesIO()
    pixels = random.Random(7).randbytes(3000 * 2000 * 3)
    Image.frombytes("RGB", (3000, 2000), pixels).save(stream, "PNG", compress_level=0)
    assert len(stream.getvalue()) > 16 << 20
    return stream.getvalue()


def test_a_kill_among_the_parts_and_a_clone(dset, proxy, tmp_path):
    url = f"s3://{BUCKET}/nuts-1"
    _killed_at_a_part(dset, proxy, url)
    assert {one.name.split("-")[0] for one in open_place(None, parse_url(url)).iter_names()} <= {"unfinished", "nuts"}
    with Repository.open(dset.folder) as repository:
        assert load_project(repository, "nuts").snapshots == ()

    proxy.plan = at_random(1, 0.2, tuple(fault for fault in HARD if fault is not Fault.DELAY))
    taken = dset("snapshot", "nuts", "--out", url, "--json").json
    assert (taken["snapshot"], taken["out"]) == ("nuts@1", url)
    assert dset("verify", "nuts@1").code == 0
    assert ORIGIN in {one.name for one in open_place(None, parse_url(url)).iter_names()}

    dset("remote", "add", "origin", tmp_path / "remote")
    dset("push", "--all")
    Dset(tmp_path)("clone", "--lazy", tmp_path / "remote", "clone")
    clone = Dset(tmp_path / "clone")
    assert clone("show", "nuts@1", "--json").json["digest"] == taken["digest"]
    assert clone("verify", "nuts@1", "--out", url).code == 0
    reader = dvcore.load("nuts@1", repository=clone.folder, folder=url)
    assert len(list(reader.examples("train"))) == taken["splits"]["train"]["examples"]
    assert clone("snapshot", "nuts", "--at", "nuts@1", "--out", url, "--json").json["digest"] == taken["digest"]
    assert len(list(dvcore.load("nuts@1", repository=clone.folder).examples("test"))) == 3


def _killed_at_a_part(dset: Dset, proxy: FaultProxy, url: str) -> None:
    """Take the snapshot in a process that is killed when the second part is on its way."""
    lock = Lock()
    process: list[subprocess.Popen[bytes]] = []
    parts = []

    def plan(_number: int, method: str, path: str) -> Fault:
        with lock:
            if method == "PUT" and "partNumber" in path:
                parts.append(path)
                if len(parts) == 2:
                    process[0].send_signal(signal.SIGKILL)
                    return Fault.CUT_REQUEST
        return Fault.NONE

    proxy.plan = plan
    with lock:
        command = [sys.executable, "-c", RUN, "snapshot", "nuts", "--out", url]
        process.append(subprocess.Popen(command, cwd=dset.folder, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE))
    _, said = process[0].communicate(timeout=120)
    assert process[0].returncode == -signal.SIGKILL, said
