"""The images of a CVAT xml, one after the other, put to the files that they are."""

from collections.abc import Iterator
from typing import Final

from dvcore.errors import Fault, InvalidInputError
from dvcore.formats.cvat.labels import Labels, read_labels
from dvcore.formats.cvat.shapes import Size, read_shape
from dvcore.formats.disk.pairing import Pairing
from dvcore.formats.stated.annotations import StatedAnnotations, StatedInstance
from dvcore.formats.stated.attributes import keep_attribute
from dvcore.formats.stated.file_names import parse_file_name
from dvcore.formats.stated.findings import Findings, label_name
from dvcore.formats.stated.splits import SPLIT_FOLDERS, SPLIT_VARIABLE, split_declarations
from dvcore.formats.stated.variables import StatedVariables
from dvcore.formats.texts.plain_text import parse_whole, shown
from dvcore.formats.texts.xml_files import Element, parse_size
from dvcore.formats.wording import format_count
from dvcore.model.annotations import Entered
from dvcore.model.declarations import LabelDeclaration, VariableDeclaration
from dvcore.model.names import Path
from dvcore.model.values import Value

_IMAGES: Final = "images"


class Images:
    """Takes the children of the root. `name` is what messages call the file, `base` its folder under the source."""

    def __init__(self, name: str, base: Path, pairing: Pairing, findings: Findings) -> None:
        self.name = name
        self._base = base
        self._pairing = pairing
        self._findings = findings
        self._labels = Labels()
        self._count = 0
        self._subsets: set[str] = set()
        self._tags = StatedVariables(findings.lost)

    def take(self, element: Element) -> None:
        """Take a child of the root.

        Raises InvalidInputError where the file cannot be used at all.
        """
        match element.name:
            case "meta":
                self._labels = read_labels(element)
            case "image":
                self._count += 1
                self._take_image(element)
            case "track":
                raise InvalidInputError(
                    f"has tracks of a video at line {element.line}", hint="export it from CVAT as 'CVAT for images 1.1'"
                )

    @property
    def labels(self) -> tuple[LabelDeclaration, ...]:
        """Those that are declared, in their order, then others that are used, by name."""
        declared = self._labels.declared
        used = self._findings.sorted_labels()
        return *declared.values(), *(one for one in used if one.name not in declared)

    @property
    def variables(self) -> tuple[VariableDeclaration, ...]:
        """The split that subsets are, and a bool for each tag."""
        return *split_declarations(sorted(self._subsets, key=_rank)), *self._tags.declarations()

    def notes(self, unannotated: int) -> Iterator[str]:
        """What people should know; `unannotated` counts the images that the file does not list."""
        yield f"{self.name} lists {format_count(self._count, 'image')}"
        if unannotated:
            yield f"unannotated, as {self.name} does not list them: {format_count(unannotated, 'image')}"
        yield from self._findings.loss_notes

    def _take_image(self, element: Element) -> None:
        said = element.attributes.get("name", "")
        where = f"{self.name}: line {element.line} ({shown(said)[1:-1]})"
        image = None
        try:
            image = self._find(said, element.attributes.get("subset", ""))
            self._pairing.claim(image, where)
            size = parse_size(element.attributes.get("width"), element.attributes.get("height"))
        except InvalidInputError as error:
            self._findings.faults.append(Fault(where, error.message))
            self._findings.refused += sum(shape.name != "tag" for shape in element.children)
            if image is not None:
                self._pairing.refuse(image)
            return
        instances, left_out = self._instances(element, size)
        variables = self._variables(element)
        self._findings.put(image, StatedAnnotations(where, size, instances, variables), left_out)

    def _find(self, said: str, subset: str) -> Path:
        """The image that a name means, in `images/` and there in the folder of its subset first."""
        *above, name = parse_file_name(said)
        tops = [(*self._base, _IMAGES), self._base, (_IMAGES,), ()]
        inner = [(subset,), ()] if subset else [()]
        folders = [(*top, *middle, *above) for top in tops for middle in inner]
        # CVAT writes frames that have no suffix as PNG files.
        image = self._pairing.find_named(name, folders) or self._pairing.find_image((f"{name}.xml",), folders)
        if image is None:
            raise InvalidInputError("is missing: the folder has no such image")
        return image

    def _instances(self, element: Element, size: Size | None) -> tuple[tuple[StatedInstance, ...], tuple[Fault, ...]]:
        stated: list[StatedInstance] = []
        left_out: list[Fault] = []
        for shape in element.children:
            if shape.name == "tag":
                continue
            where = f"{self.name}: line {shape.line}"
            try:
                entered = self._entered(shape, size)
            except InvalidInputError as error:
                left_out.append(Fault(where, error.message))
            else:
                stated.append(StatedInstance(where, entered))
        return tuple(stated), tuple(left_out)

    def _entered(self, shape: Element, size: Size | None) -> Entered:
        label = label_name(shape.attributes.get("label"))
        geometry = read_shape(shape, size, self._labels.keypoints.get(label, ()))
        self._findings.converted.update(["ellipse"] * (shape.name == "ellipse"))
        return Entered(label, geometry, attributes=self._attributes(shape, label))

    def _attributes(self, shape: Element, label: str) -> dict[str, Value]:
        """What CVAT says of every shape, where it is not what it says of most; then the label's own attributes."""
        given, lost = shape.attributes, self._findings.lost
        values: dict[str, Value] = {"occluded": True} if given.get("occluded") == "1" else {}
        for key, name in (("z_order", "z_order"), ("group_id", "group"), ("track_id", "track_id")):
            if given.get(key, "0") != "0":
                keep_attribute(values, name, _whole(given[key]), lost)
        if given.get("source", "manual") != "manual":
            keep_attribute(values, "source", given["source"], lost)
        lost.update("attributes of keypoints" for point in shape.named("points") for _ in point.named("attribute"))
        for one in shape.named("attribute"):
            name = one.attributes.get("name", "")
            keep_attribute(values, name, self._labels.value(label, name, one.text), lost)
        return values

    def _variables(self, element: Element) -> dict[str, Value]:
        variables: dict[str, Value] = {}
        if subset := element.attributes.get("subset", ""):
            self._subsets.add(subset)
            variables[SPLIT_VARIABLE] = subset
        for tag in element.named("tag"):
            self._findings.lost.update("attribute of tags" for _ in tag.named("attribute"))
            self._tags.put(variables, tag.attributes.get("label", ""), True)
        return variables


def _whole(text: str) -> Value:
    try:
        return parse_whole(text)
    except InvalidInputError:
        return text


def _rank(split: str) -> tuple[int, str]:
    known = split.lower()
    return SPLIT_FOLDERS.index(known) if known in SPLIT_FOLDERS else len(SPLIT_FOLDERS), split
