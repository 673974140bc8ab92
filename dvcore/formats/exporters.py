"""The formats that can be written, by name."""

from typing import Final

from dvcore.errors import NotFoundError, nearest_hint
from dvcore.formats.coco.writer import COCO_EXPORTER
from dvcore.formats.cvat.writer import CVAT_EXPORTER
from dvcore.formats.export.exporting import Exporter
from dvcore.formats.folders.writer import FOLDERS_EXPORTER
from dvcore.formats.kitti.writer import KITTI_EXPORTER
from dvcore.formats.labelme.writer import LABELME_EXPORTER
from dvcore.formats.labelstudio.writer import LABEL_STUDIO_EXPORTER
from dvcore.formats.openimages.writer import OPEN_IMAGES_EXPORTER
from dvcore.formats.table.writer import CSV_EXPORTER
from dvcore.formats.voc.writer import VOC_EXPORTER
from dvcore.formats.yolo.writer import YOLO_EXPORTER

_ALL: Final = (
    COCO_EXPORTER,
    VOC_EXPORTER,
    YOLO_EXPORTER,
    KITTI_EXPORTER,
    CVAT_EXPORTER,
    OPEN_IMAGES_EXPORTER,
    LABELME_EXPORTER,
    LABEL_STUDIO_EXPORTER,
    FOLDERS_EXPORTER,
    CSV_EXPORTER,
)
EXPORTERS: Final = {one.name: one for one in _ALL}


def find_exporter(name: str) -> Exporter:
    """The writer of a format.

    Raises NotFoundError for an unknown name.
    """
    if name not in EXPORTERS:
        hint = nearest_hint(name, EXPORTERS) or f"there are {', '.join(EXPORTERS)}"
        raise NotFoundError(f"there is no export format {name!r}", hint=hint)
    return EXPORTERS[name]
