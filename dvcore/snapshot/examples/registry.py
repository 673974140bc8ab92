"""Which module makes which kind of feature."""

from collections.abc import Iterator

from dvcore.model.definition import Definition
from dvcore.snapshot.examples.heads import head_maker
from dvcore.snapshot.examples.instances import group_maker
from dvcore.snapshot.examples.making import Maker
from dvcore.snapshot.examples.pictures import file_maker, image_maker
from dvcore.snapshot.examples.values import variable_maker
from dvcore.snapshot.features.groups import groups_of
from dvcore.snapshot.features.kinds import FILE, VARIABLE
from dvcore.snapshot.features.listing import features_of, heads_of, image_features, image_options, pipelines_of


def makers_of(definition: Definition) -> tuple[Maker, ...]:
    """All that make an example of a definition in which nothing is left open; no two give the same key."""
    return tuple(_iter_makers(definition))


def _iter_makers(definition: Definition) -> Iterator[Maker]:
    for place, feature in enumerate(image_features(definition)):
        is_mixed = image_options(definition, feature).color == "mixed"
        yield image_maker(feature.name, place, with_channels=is_mixed and bool(definition.features))
    yield from (file_maker(feature.name) for feature in features_of(definition) if feature.kind == FILE)
    yield from map(head_maker, heads_of(definition))
    pipelines = pipelines_of(definition)
    for place, group in enumerate(groups_of(definition)):
        yield group_maker(group, place, pipelines[group.image].downsampling)
    variables = (feature for feature in features_of(definition) if feature.kind == VARIABLE)
    for place, feature in enumerate(variables):
        yield variable_maker(feature.name, place, feature.options["type"])
