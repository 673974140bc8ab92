"""The images of an example: found in a shard that is there already, or read from the store and rendered."""

from collections.abc import Iterator, Sequence

from dvcore.errors import Fault, FaultyFilesError, InvalidInputError
from dvcore.image.pipeline import Pipeline
from dvcore.image.render import Rendered, render_all, toolchain
from dvcore.snapshot.planning.plan import Planned
from dvcore.snapshot.shards.image_cache import ImageCache, image_key, pipeline_key
from dvcore.store import BlobStore


class Renderer:
    """Renders what is planned; to be used by any number of threads at once. Without a cache everything is rendered
    anew."""

    def __init__(self, blobs: BlobStore, cache: ImageCache | None = None) -> None:
        self._blobs = blobs
        self._toolchain = toolchain()
        self._cache = cache
        self._keys: dict[Pipeline, tuple[bytes, bool]] = {}

    def images(self, planned: Planned, pipelines: Sequence[Pipeline]) -> tuple[Rendered, ...]:
        """What each of the pipelines makes of the example's image.

        Raises FaultyFilesError naming the image that cannot be rendered, CorruptError for a blob that is missing.
        """
        found = [self._find(planned, pipeline) for pipeline in pipelines]
        missing = [pipeline for pipeline, image in zip(pipelines, found, strict=True) if image is None]
        made = iter(self._render(planned, missing) if missing else ())
        return tuple(image or next(made) for image in found)

    def knows(self, planned: Planned, pipelines: Sequence[Pipeline]) -> bool:
        """Whether the images are all found, so that the blob is not read."""
        return all(self._find(planned, pipeline) for pipeline in pipelines)

    def encoded(
        self, planned: Planned, pipelines: Sequence[Pipeline], images: Sequence[Rendered]
    ) -> Iterator[tuple[bytes, Rendered]]:
        """Those of the images that are not the source's own bytes, each with what the cache calls it."""
        for pipeline, image in zip(pipelines, images, strict=True):
            if not image.passed_through:
                yield image_key(self._key(pipeline)[0], planned.blob), image

    def pipeline_keys(self, pipelines: Sequence[Pipeline]) -> list[bytes]:
        """What the cache calls these pipelines."""
        return [self._key(pipeline)[0] for pipeline in pipelines]

    def _find(self, planned: Planned, pipeline: Pipeline) -> Rendered | None:
        key, is_known = self._key(pipeline)
        return self._cache.find_image(image_key(key, planned.blob)) if self._cache and is_known else None

    def _key(self, pipeline: Pipeline) -> tuple[bytes, bool]:
        """The key of a pipeline, and whether the cache knew it when it was first asked: to look for each image of one
        that it does not know, or whose images all pass through, would take longer than to read them."""
        if pipeline not in self._keys:
            key = pipeline_key(pipeline, self._toolchain)
            self._keys[pipeline] = key, self._cache is not None and self._cache.knows(key)
        return self._keys[pipeline]

    def _render(self, planned: Planned, pipelines: Sequence[Pipeline]) -> tuple[Rendered, ...]:
        try:
            return render_all(self._blobs.read(planned.blob), pipelines)
        except InvalidInputError as error:
            fault = Fault(planned.path, error.message)
            hint = error.hint or "'--skip-bad' leaves out such images"
            raise FaultyFilesError(f"{planned.path} {error.message}", [fault], hint=hint) from None
