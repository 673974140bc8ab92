"""Commands start fast because what they import does: none of the heavy packages."""

import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[2]
HEAVY = ("numpy", "PIL", "tensorflow", "rich", "shapely", "pycocotools", "google.protobuf")
LIGHT = ("model", "store", "prolly", "repo", "history")
PIXELS = {"bitmaps", "rasterizing", "tracing"}
"""Modules that are arrays of pixels through and through. The others may import them in functions only."""


def module_names(package: str) -> list[str]:
    folder = PROJECT / "dvcore" / package
    return [
        f"dvcore.{package}.{path.stem}"
        for path in sorted(folder.glob("*.py"))
        if path.stem not in PIXELS | {"__init__"}
    ]


@pytest.mark.parametrize("package", LIGHT)
def test_no_module_of_the_lower_layers_loads_a_heavy_package(package: str) -> None:
    modules = ["dvcore", *module_names(package)]
    assert len(modules) > 2
    code = f"import sys, {', '.join(modules)}\nprint([name for name in {HEAVY} if name in sys.modules])"
    shown = subprocess.run([sys.executable, "-c", code], cwd=PROJECT, capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == "[]"
