"""However much comes, memory holds a few requests and a batch of it."""

import tracemalloc
from pathlib import Path

import pytest
from support.datasets import put_files
from support.fetching import noise
from support.remotes import published

from dvcore.remote.contents import reading, storing
from dvcore.remote.exchange.fetch import fetch
from dvcore.remote.storages.local import LocalStorage
from dvcore.repo.commits import commit_working
from dvcore.repo.repository import Repository

MIB = 1 << 20


@pytest.mark.parametrize("kind", ["many", "large"])
def test_images_of_many_times_what_is_in_hand_at_once(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = Repository.in_memory()
    if kind == "many":
        put_files(source, {f"{number}.bin": noise(100_000, number) for number in range(400)})
    else:
        put_files(source, {"large.bin": noise(40 * MIB, 1)})
    commit_working(source, "forty megabytes")
    storage = published(source, storage=LocalStorage(tmp_path / "remote", create=True))
    del source
    monkeypatch.setattr(storing, "_BATCH_BYTES", MIB)
    monkeypatch.setattr(storing, "_CHUNK_BYTES", MIB)
    monkeypatch.setattr(reading, "_READ_BYTES", MIB // 2)
    with Repository.init(tmp_path / "ours") as ours:
        tracemalloc.start()
        try:
            report = fetch(ours, storage, "origin")
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    assert report.arrived.blob_bytes >= 400 * 100_000
    assert peak < 14 * MIB
