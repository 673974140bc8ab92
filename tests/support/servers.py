"""Real servers for the tests of remotes, on free ports of loopback: S3 (moto), Azure (azurite), a plain web server.

moto and azurite are installed on first use into `.venv-moto` and `.venv-azurite` beside the project's own environment;
where that fails, the tests that want them are skipped with the reason. Each server ends with its `with`, and also when
the tests are killed, as it watches its standard input.
"""

import base64
import hashlib
import hmac
import os
import re
import shutil
import subprocess
import venv
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email.utils import formatdate
from functools import partial
from http.client import HTTPConnection
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import IO, Final

import pytest

from dvcore.store.file_lock import FileLock

_PROJECT: Final = Path(__file__).resolve().parents[2]
_MOTO: Final = _PROJECT / ".venv-moto"
_AZURITE: Final = _PROJECT / ".venv-azurite"
_REQUIREMENTS: Final = Path(__file__).with_name("moto-requirements.txt")
_AZURITE_VERSION: Final = "3.37.0"
_INSTALL_SECONDS: Final = 150

BUCKET: Final = "bucket"
AZURE_ACCOUNT: Final = "devstoreaccount1"
AZURE_KEY: Final = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
"""azurite's, which its documentation names; it opens nothing else."""

_SERVE_MOTO: Final = """
import logging, os, sys, threading
from moto.server import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import make_server
logging.getLogger("werkzeug").setLevel(logging.ERROR)
server = make_server("127.0.0.1", 0, DomainDispatcherApplication(create_backend_app), threaded=True)
threading.Thread(target=lambda: (sys.stdin.read(), os._exit(0)), daemon=True).start()
print(server.server_port, flush=True)
server.serve_forever()
"""

SOMEBODY: Final = "AWS4-HMAC-SHA256 Credential=key/20260101/us-east-1/s3/aws4_request, SignedHeaders=a, Signature=b"
"""moto looks at no signature."""
_SERVE_AZURITE: Final = "process.stdin.resume().on('end', () => process.exit()); require(process.argv[1])"


@dataclass(frozen=True, slots=True)
class Server:
    """Where it listens."""

    port: int

    @property
    def address(self) -> tuple[str, int]:
        return "127.0.0.1", self.port

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


@contextmanager
def s3_server() -> Iterator[Server]:
    """An S3 server with an empty bucket. It looks at a condition and writes in two steps: clients that race go through
    a `FaultProxy`, which lets one write through at a time."""
    python = _installed_moto()
    environment = {"PATH": os.environ["PATH"], "HOME": str(_MOTO)}
    with _running([python, "-c", _SERVE_MOTO], environment) as output:
        server = Server(int(output.readline()))
        _ask(server, "PUT", f"/{BUCKET}", {"Authorization": SOMEBODY})
        yield server


@contextmanager
def azure_server(folder: Path) -> Iterator[Server]:
    """An Azure server with an empty container, in memory; the folder is for what it writes all the same."""
    options = ["--blobHost=127.0.0.1", "--blobPort=0", "--silent", "--skipApiVersionCheck", "--disableTelemetry"]
    command = [_node(), "-e", _SERVE_AZURITE, _installed_azurite(), "--inMemoryPersistence", *options]
    with _running(command, {"PATH": os.environ["PATH"], "HOME": str(folder)}, folder) as output:
        server = Server(_port_in(output))
        _ask(server, "PUT", f"/{AZURE_ACCOUNT}/{BUCKET}?restype=container", _azure_headers())
        yield server


@contextmanager
def web_server(folder: Path) -> Iterator[Server]:
    """A web server of a folder's files, which answers ranges."""
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(_Files, directory=str(folder))) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        try:
            yield Server(server.server_port)
        finally:
            server.shutdown()
            thread.join()


class _Files(SimpleHTTPRequestHandler):
    def do_GET(self) -> None:
        path = Path(self.translate_path(self.path))
        wanted = re.fullmatch(r"bytes=(\d+)-(\d+)", self.headers.get("Range", ""))
        if wanted is None or not path.is_file():
            super().do_GET()
            return
        data = path.read_bytes()
        start, end = int(wanted[1]), min(int(wanted[2]) + 1, len(data))
        if start >= end:
            self.send_error(416)
            return
        self.send_response(206)
        self.send_header("Content-Range", f"bytes {start}-{end - 1}/{len(data)}")
        self.send_header("Content-Length", str(end - start))
        self.send_header("Last-Modified", self.date_time_string(path.stat().st_mtime))
        self.end_headers()
        self.wfile.write(data[start:end])

    def log_message(self, *_: object) -> None:
        """Nothing: pytest shows what fails."""


@contextmanager
def _running(command: list[str], environment: dict[str, str], folder: Path | None = None) -> Iterator[IO[bytes]]:
    process = subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=environment,
        cwd=folder,
    )
    assert process.stdout is not None
    assert process.stdin is not None
    try:
        yield process.stdout
    finally:
        process.kill()
        process.wait()
        process.stdin.close()
        process.stdout.close()


def _installed_moto() -> str:
    stamp = hashlib.sha256(_REQUIREMENTS.read_bytes()).hexdigest()
    python = _MOTO / "bin" / "python"

    def install() -> None:
        venv.create(_MOTO, with_pip=True, clear=True)
        _install([str(python), "-m", "pip", "install", "--quiet", "--no-deps", "--requirement", str(_REQUIREMENTS)])

    _once(_MOTO, stamp, install)
    return str(python)


def _installed_azurite() -> str:
    npm = shutil.which("npm")
    if npm is None:
        pytest.skip("no Azure server: azurite needs npm, which is not installed")

    def install() -> None:
        shutil.rmtree(_AZURITE, ignore_errors=True)
        _AZURITE.mkdir()
        flags = ["--no-audit", "--no-fund", "--silent", "--ignore-scripts", "--fetch-retries=1"]
        _install([npm, "install", *flags, "--prefix", str(_AZURITE), f"azurite@{_AZURITE_VERSION}"])

    _once(_AZURITE, _AZURITE_VERSION, install)
    return str(_AZURITE / "node_modules" / "azurite" / "dist" / "src" / "blob" / "main.js")


def _node() -> str:
    node = shutil.which("node")
    if node is None:
        pytest.skip("no Azure server: azurite needs Node, which is not installed")
    return node


def _once(folder: Path, stamp: str, install: Callable[[], None]) -> None:
    """Install what is not there in this version; of several runs of the tests, one does."""
    done = folder / ".installed"
    with FileLock(folder.with_name(f"{folder.name}.lock")) as lock:
        lock.take()
        if not done.is_file() or done.read_text() != stamp:
            install()
            done.write_text(stamp)


def _install(command: list[str]) -> None:
    # The project's own constraints are not for this environment.
    environment = {name: value for name, value in os.environ.items() if name != "PIP_CONSTRAINT"}
    environment["HOME"] = environment.get("HOME", "/")
    try:
        subprocess.run(command, env=environment, check=True, capture_output=True, timeout=_INSTALL_SECONDS)
    except (subprocess.SubprocessError, OSError) as error:
        pytest.skip(f"a server for the tests cannot be installed: {type(error).__name__} of {' '.join(command[:4])}")


def _port_in(output: IO[bytes]) -> int:
    for line in output:
        if found := re.search(rb"listens on http://127\.0\.0\.1:(\d+)", line):
            return int(found[1])
    pytest.fail("azurite ended before it listened")


def _ask(server: Server, method: str, path: str, headers: dict[str, str]) -> None:
    connection = HTTPConnection(*server.address, timeout=30)
    try:
        connection.request(method, path, body=b"", headers={"Content-Length": "0", **headers})
        answer = connection.getresponse()
        assert answer.status < 300, answer.read()
    finally:
        connection.close()


def _azure_headers() -> dict[str, str]:
    """Signed as Azure's "Authorize with Shared Key" says; an empty container has no other way to come about."""
    headers = {"x-ms-date": formatdate(usegmt=True), "x-ms-version": "2021-08-06"}
    lines = "".join(f"{name}:{value}\n" for name, value in sorted(headers.items()))
    resource = f"/{AZURE_ACCOUNT}/{AZURE_ACCOUNT}/{BUCKET}\nrestype:container"
    to_sign = "PUT" + "\n" * 12 + lines + resource
    digest = hmac.new(base64.b64decode(AZURE_KEY), to_sign.encode(), hashlib.sha256).digest()
    return headers | {"Authorization": f"SharedKey {AZURE_ACCOUNT}:{base64.b64encode(digest).decode()}"}
