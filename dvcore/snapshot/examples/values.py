"""The kind `variable`: one value under the feature's own name."""

from dvcore.errors import CorruptError
from dvcore.snapshot.examples.making import Maker, Source
from dvcore.tfrecord.example import BytesList, Features, FloatList, Int64List


def variable_maker(name: str, place: int, type_: str) -> Maker:
    """Of the feature of this place among those that are variables."""

    def make(source: Source) -> Features:
        value = source.planned.variables[place]
        if value is None:
            raise CorruptError(f"{source.planned.path} lacks the value of {name!r}")  # a plan is checked before
        if type_ == "bytes":
            return {name: BytesList((str(value).encode(),))}
        return {name: Int64List((int(value),)) if type_ == "int" else FloatList((float(value),))}

    return make
