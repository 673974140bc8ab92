"""Which images a project means by a label, for people who want to look at them."""

from enum import Enum

from dvcore.errors import NotFoundError, nearest_hint
from dvcore.snapshot.features.groups import counted_columns
from dvcore.snapshot.planning.plan import Located, Plan


class Images(Enum):
    """Of those that pass the prefilter: the ones that become examples; those left out because a class feature has no
    label for them; those that several labels of one class feature want."""

    TAKEN = "taken"
    UNLABELLED = "unlabelled"
    CONFLICTING = "conflicting"


def find_images(
    plan: Plan,
    images: Images = Images.TAKEN,
    *,
    label: str | None = None,
    feature: str | None = None,
    split: str | None = None,
) -> list[Located]:
    """The images by path, only those of a label and of a split where they are named; `feature` says whose label is
    meant where several features have it. A label of instances has the images that hold one. What is unlabelled has
    neither label nor split.

    Raises NotFoundError for a name that the project does not have.
    """
    if images is Images.UNLABELLED:
        return list(plan.unlabelled)
    held = plan.holding(_full_name(plan, label, feature), split)
    if images is Images.TAKEN:
        return [Located(one.path, one.file) for one in held]
    wanted = [one for one in plan.overlaps if label in (None, *one.labels) and feature in (None, one.feature)]
    in_split = {one.file for one in plan.holding(split=split)}
    places = {one.file: Located(one.path, one.file) for one in wanted if one.file in in_split}
    return list(places.values())


def _full_name(plan: Plan, label: str | None, feature: str | None) -> str | None:
    """What the plan calls a label of a feature.

    Raises NotFoundError.
    """
    if feature is None or label is None:
        return label
    features = list(dict.fromkeys(column.feature for column in counted_columns(plan.definition)))
    if feature not in features:
        hint = nearest_hint(feature, features) or f"it has {', '.join(features) or 'none'}"
        raise NotFoundError(f"the project has no feature {feature!r} with labels", hint=hint)
    return f"{feature}:{label}"
