"""What all examples of a snapshot have in common, the versions of what makes the bytes included."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any, Final

from dvcore.image.pipeline import Pipeline
from dvcore.image.render import toolchain
from dvcore.model.definition import Definition, Feature
from dvcore.snapshot.examples.making import Maker
from dvcore.snapshot.examples.registry import makers_of
from dvcore.snapshot.features.kinds import MASKS, SEMANTIC
from dvcore.snapshot.features.listing import pipelines_of

EXAMPLE_VERSION: Final = "1"
"""Of the features of projects without a list of features, and their encoding: a new number where the same inputs give
other bytes."""
FEATURES_VERSION: Final = "2"
"""The same, of projects with a list of features."""

_RASTERIZER: Final = "pycocotools"
"""What fills outlines with pixels."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """A pipeline for each image feature, what makes each part of an example, and the versions of the codecs and of the
    examples' encoding. `basis` is what of the definition decides over the bytes, apart from the choice of the files."""

    pipelines: tuple[Pipeline, ...]
    makers: tuple[Maker, ...]
    toolchain: Mapping[str, str]
    basis: tuple[Any, ...]


def recipe_of(definition: Definition) -> Recipe:
    """The recipe of a definition in which nothing is left open, with the codecs that are installed."""
    pipelines = pipelines_of(definition)
    return Recipe(pipelines, makers_of(definition), _toolchain(definition.features), _basis(definition, pipelines))


def find_toolchain_change(made_with: Mapping[str, str], recipe: Recipe) -> str | None:
    """Says how the toolchain that made a snapshot differs from this one, or None where it does not."""
    here = recipe.toolchain
    names = [name for name in sorted({*made_with, *here}) if made_with.get(name) != here.get(name)]
    if not names:
        return None
    listed = ", ".join(f"{name} {made_with.get(name, 'none')} (here {here.get(name, 'none')})" for name in names)
    return f"the snapshot was made with {listed}"


def _toolchain(features: Iterable[Feature]) -> dict[str, str]:
    kinds = {feature.kind for feature in features}
    example = FEATURES_VERSION if kinds else EXAMPLE_VERSION
    rasterizer = {_RASTERIZER: version(_RASTERIZER)} if kinds & {MASKS, SEMANTIC} else {}
    return {"example": example, **toolchain(), **rasterizer}


def _basis(definition: Definition, pipelines: tuple[Pipeline, ...]) -> tuple[Any, ...]:
    """Without a list of features as it was before there were any."""
    if not definition.features:
        return pipelines[0].texts(), [label.name for label in definition.labels]
    features = [
        [one.kind, one.name, [label.name for label in one.classes], dict(one.options)] for one in definition.features
    ]
    return [pipeline.texts() for pipeline in pipelines], features
