"""What a definition leaves to the first snapshot, filled in from a tree: classes of instances, keypoints, types.

The first snapshot writes it into the definition, as it does with the numbers of shards, so that no label that is
declared later moves the number of another. A definition that has it all comes out as it went in.
"""

from collections.abc import Iterable
from dataclasses import replace

from dvcore.errors import InvalidInputError, NotFoundError
from dvcore.model.declarations import LabelDeclaration
from dvcore.model.definition import Definition, Feature, Label
from dvcore.model.tree import Tree
from dvcore.repo.treereader import TreeReader
from dvcore.snapshot.features.faulty_part import Naming, in_part, spoken
from dvcore.snapshot.features.kinds import KEYPOINTS, SEMANTIC, VARIABLE, Classes, kind_of
from dvcore.snapshot.features.listing import MAX_SEMANTIC, POINTS_SEPARATOR
from dvcore.snapshot.features.variables import value_type


def settle(definition: Definition, tree: TreeReader, naming: Naming = spoken) -> Definition:
    """The definition with nothing left open.

    Raises NotFoundError where the tree does not declare what is wanted, InvalidInputError where labels that are to be
    one feature have different keypoints, or a variable cannot be of the feature's type.
    """
    features = []
    for index, feature in enumerate(definition.features):
        with in_part(naming("features", index, feature.name)):
            features.append(_settled(feature, tree))
    return replace(definition, features=tuple(features)) if tuple(features) != definition.features else definition


def _settled(feature: Feature, tree: TreeReader) -> Feature:
    if kind_of(feature.kind).classes is Classes.INSTANCES:
        feature = _with_classes(feature, tree.tree)
    if feature.kind == KEYPOINTS and "points" not in feature.options:
        feature = _with_option(feature, "points", _declared_points(tree.tree.labels))
    if feature.kind == VARIABLE:
        type_ = value_type(feature, tree.variable(feature.options["variable"]))
        feature = _with_option(feature, "type", type_)
    return feature


def _with_classes(feature: Feature, tree: Tree) -> Feature:
    if feature.classes:
        return feature
    if not tree.labels:
        raise NotFoundError("it is to have all labels as classes, and none is declared", hint="give it classes")
    if feature.kind == SEMANTIC and len(tree.labels) > MAX_SEMANTIC:
        raise InvalidInputError(
            f"{len(tree.labels)} labels are declared, and an 8-bit image tells {MAX_SEMANTIC} apart",
            hint="give it classes",
        )
    return replace(feature, classes=tuple(Label(one.name, label_expression(one.name)) for one in tree.labels))


def label_expression(name: str) -> str:
    """The expression that instances of this label fulfil."""
    quoted = name.replace("'", "''")
    return f"label = '{quoted}'"


def _declared_points(labels: Iterable[LabelDeclaration]) -> str:
    declared = [one for one in labels if one.keypoints]
    if not declared:
        raise NotFoundError(
            "no label declares the names of its keypoints", hint="give the option points, such as points=17"
        )
    first = declared[0]
    other = next((one for one in declared if one.keypoints != first.keypoints), None)
    if other is not None or any(POINTS_SEPARATOR in name for name in first.keypoints):
        names = first.name if other is None else f"{first.name} and {other.name}"
        raise InvalidInputError(
            f"the keypoints of {names} do not make one list", hint="give the option points, such as points=17"
        )
    return POINTS_SEPARATOR.join(first.keypoints)


def _with_option(feature: Feature, name: str, value: str) -> Feature:
    return replace(feature, options={**feature.options, name: value})
