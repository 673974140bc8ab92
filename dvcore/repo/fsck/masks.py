"""Masks of an annotation set: loading does not look into run-length codes, of which there are many."""

from dvcore.errors import CorruptError, InvalidInputError
from dvcore.ids import format_short
from dvcore.model.annotations import AnnotationSet
from dvcore.model.geometry import Mask
from dvcore.model.runlength import mask_of_counts


def check_masks(annotations: AnnotationSet) -> None:
    """Raises CorruptError for the first mask that is none."""
    for instance in annotations.instances:
        if isinstance(instance.geometry, Mask) and not _is_sound(instance.geometry):
            raise CorruptError(f"the mask of instance {format_short(instance.id)} is none")


def _is_sound(mask: Mask) -> bool:
    try:
        return mask_of_counts(mask.height, mask.width, mask.counts) == mask
    except InvalidInputError:
        return False
