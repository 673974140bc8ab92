"""An import for which there is no room stops in order, and can be run again."""

import os
import resource
import threading
from pathlib import Path

import pytest
from support.sources import imported, records

from dvcore.errors import StorageError
from dvcore.repo.check import check
from dvcore.repo.repository import Repository
from dvcore.store.blob_writer import BlobWriter


@pytest.mark.parametrize("sizes", [[3 << 20] * 4, [20_000] * 600, [300] * 9_000], ids=["large", "usual", "small"])
def test_without_room_nothing_is_lost(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sizes: list[int]) -> None:
    monkeypatch.setattr(BlobWriter.__init__, "__kwdefaults__", {"batch_bytes": 1 << 20})  # several batches
    source = tmp_path / "source"
    source.mkdir()
    for number, size in enumerate(sizes):
        (source / f"{number:05d}.bin").write_bytes(os.urandom(size))
    with Repository.init(tmp_path) as repository:
        before, threads = repository.working_tree().id, set(threading.enumerate())
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (2 << 20, hard))
        try:
            with pytest.raises(StorageError):
                imported(repository, source, format="files")
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        assert set(threading.enumerate()) <= threads  # nothing that the import began goes on
        assert repository.working_tree().id == before
        assert check(repository, read_blobs=True).problems == []
        imported(repository, source, format="files")
        found = records(repository)
        assert len(found) == len(sizes)
        assert repository.blobs.read(found["nuts/00001.bin"].blob) == (source / "00001.bin").read_bytes()
        assert check(repository, read_blobs=True).problems == []
