"""What all examples of a snapshot have in common, the versions of what makes the bytes included."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from dvcore.image.pipeline import Pipeline
from dvcore.image.render import toolchain
from dvcore.model.definition import Definition
from dvcore.snapshot.definition import pipeline_of

EXAMPLE_VERSION: Final = "1"
"""Of the features and their encoding: a new number where the same inputs give other bytes."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """Pixels, label names, and the versions of the codecs and of the examples' encoding."""

    pipeline: Pipeline
    labels: tuple[str, ...]
    toolchain: Mapping[str, str]


def recipe_of(definition: Definition) -> Recipe:
    """The recipe of a definition with the codecs that are installed."""
    labels = tuple(label.name for label in definition.labels)
    return Recipe(pipeline_of(definition.image), labels, {"example": EXAMPLE_VERSION, **toolchain()})


def find_toolchain_change(made_with: Mapping[str, str], recipe: Recipe) -> str | None:
    """Says how the toolchain that made a snapshot differs from this one, or None where it does not."""
    here = recipe.toolchain
    names = [name for name in sorted({*made_with, *here}) if made_with.get(name) != here.get(name)]
    if not names:
        return None
    listed = ", ".join(f"{name} {made_with.get(name, 'none')} (here {here.get(name, 'none')})" for name in names)
    return f"the snapshot was made with {listed}"
