"""Making a record: the images of an example, what its features make of them, and its bytes."""

from dvcore.errors import InvalidInputError
from dvcore.ids import digest
from dvcore.repo.objects import Objects
from dvcore.snapshot.examples.making import Source
from dvcore.snapshot.examples.recipe import Recipe
from dvcore.snapshot.planning.plan import Planned
from dvcore.snapshot.shards.rendering import Renderer
from dvcore.snapshot.shards.shard import Record
from dvcore.tfrecord.example import encode_example
from dvcore.tfrecord.records import frame_record


def make_record(renderer: Renderer, objects: Objects, recipe: Recipe, planned: Planned) -> Record:
    """The record of an example.

    Raises FaultyFilesError naming an image that cannot be rendered, CorruptError for a blob or annotations that are
    missing, InvalidInputError naming a file with an instance or a value that a feature cannot hold.
    """
    images = renderer.images(planned, recipe.pipelines)
    source = Source(planned, images, objects.load_annotations(planned.annotations).instances)
    example = _example(recipe, source)
    return Record(frame_record(example), digest(example), images)


def _example(recipe: Recipe, source: Source) -> bytes:
    try:
        return encode_example({key: feature for make in recipe.makers for key, feature in make(source).items()})
    except InvalidInputError as error:
        raise InvalidInputError(f"{source.planned.path} {error.message}", hint=error.hint) from None
