"""Servers that the tests of a run share."""

import os
from collections.abc import Iterator

import pytest
from support.servers import Server, azure_server, s3_server


@pytest.fixture(scope="session")
def moto() -> Iterator[Server]:
    """An S3 server; each test takes a prefix of its own."""
    with s3_server() as server:
        yield server


@pytest.fixture(scope="session")
def azurite(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """An Azure server; each test takes a prefix of its own."""
    with azure_server(tmp_path_factory.mktemp("azurite")) as server:
        yield server


@pytest.fixture(autouse=True)
def _no_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test sees the developer's keys or reaches a provider."""
    for name in [name for name in os.environ if name.startswith(("AWS_", "AZURE_", "GOOGLE_"))]:
        monkeypatch.delenv(name)
