"""What the figures were measured on: processor, system, versions of the tools."""

import os
import platform
import re
from pathlib import Path

from tools import Place, Tool


def machine() -> str:
    cores = len(os.sched_getaffinity(0))
    return f"{cores} cores of {_processor()}, Linux {platform.release()}, Python {platform.python_version()}"


def versions(tools: list[type[Tool]], place: Place) -> str:
    """Each tool's name and the number that it gives."""
    said = {tool.name: place.do(command) for tool in tools for command in tool(place).version()}
    return ", ".join(f"{name} {_number(text)}" for name, text in said.items())


def _number(text: str) -> str:
    found = re.search(r"\d+(\.\d+)+", text)
    return found[0] if found else "of unknown version"


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.machine())
