"""Fixtures of all tests: the folder of real images, and a scrubbed environment."""

import os
from pathlib import Path

import pytest
from hypothesis import settings

# A test of correctness must not fail because the machine is busy.
settings.register_profile("dset", deadline=None)
settings.register_profile("long", deadline=None, max_examples=4000)
settings.load_profile("dset")

SHARED_DATA = Path(__file__).resolve().parents[2] / "shared" / "data"


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real images and annotations; the test is skipped, loudly, where it is absent."""
    if not SHARED_DATA.is_dir():
        pytest.skip(f"no real data: {SHARED_DATA} is absent")
    return SHARED_DATA


@pytest.fixture(autouse=True)
def _scrubbed_environment(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    """No test sees the developer's home, identity or dset settings."""
    for name in [name for name in os.environ if name.startswith("DSET_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path_factory.getbasetemp()))
    monkeypatch.setenv("TF_CPP_MIN_LOG_LEVEL", "3")
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
