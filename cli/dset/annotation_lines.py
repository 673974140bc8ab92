"""Annotations of many files as JSON lines, which `dset annotate --from-json` reads.

A line is `{"path": "nuts/a.jpg"}` or `{"id": "<64 hex digits>"}` with any of `"set": {NAME: VALUE}`, `"unset": [NAME]`,
`"instances": [INSTANCE]` (in the place of all), `"add": [INSTANCE]`, `"remove": [ID]` and `"done": true`.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path as DiskPath
from typing import Any, Final

from dset.instances import list_instances
from dset.json_text import parse_json
from dset.textfiles import iter_lines, name_of
from dvcore.errors import InvalidInputError
from dvcore.ids import FileId, InstanceId, parse_id
from dvcore.model.names import Path, normalize_name, parse_path
from dvcore.model.values import Value, check_value
from dvcore.repo.annotation import Annotation, GivenInstance
from dvcore.repo.annotation_list import FileAnnotation

_ADDRESSES: Final = ("path", "id")
_CHANGES: Final = ("set", "unset", "instances", "add", "remove", "done")


def iter_annotations(source: DiskPath) -> Iterator[FileAnnotation]:
    """The annotations of a file of JSON lines, `-` being standard input; empty lines are passed over.

    Raises StorageError, and InvalidInputError with the number of the line.
    """
    for number, line in enumerate(iter_lines(source), 1):
        if line.strip():
            where = f"line {number} of {name_of(source)}"
            yield _read(_parse_object(line, where), where)


def _parse_object(line: str, where: str) -> Mapping[str, Any]:
    raw = parse_json(line, where)
    if not isinstance(raw, dict):
        raise InvalidInputError(f"{where} is no JSON object", hint='write {"path": …, "set": {…}}')
    known = (*_ADDRESSES, *_CHANGES)
    if unknown := raw.keys() - set(known):
        raise InvalidInputError(f"{where} has the unknown key {min(unknown)!r}", hint=f"known are {', '.join(known)}")
    if len(raw.keys() & set(_ADDRESSES)) != 1:
        raise InvalidInputError(f"{where} names its file not at all or twice", hint="give either path or id")
    if not raw.keys() & set(_CHANGES):
        raise InvalidInputError(f"{where} says nothing to change", hint=f"give any of {', '.join(_CHANGES)}")
    return raw


def _read(raw: Mapping[str, Any], where: str) -> FileAnnotation:
    added, replacing = (_instances(raw, key, where) for key in ("add", "instances"))
    try:
        annotation = Annotation(
            set=_values(raw.get("set", {})),
            unset=list(map(normalize_name, _texts(raw, "unset"))),
            instances=replacing,
            done=_flag(raw.get("done", False)),
            add=added or (),
            remove=[InstanceId(parse_id(text)) for text in _texts(raw, "remove")],
        )
        return FileAnnotation(where, _address(raw), annotation)
    except InvalidInputError as error:
        raise InvalidInputError(f"{where}: {error.message}", hint=error.hint) from None


def _instances(raw: Mapping[str, Any], key: str, where: str) -> list[GivenInstance] | None:
    return list_instances(raw[key], f"{key!r} in {where}") if key in raw else None


def _address(raw: Mapping[str, Any]) -> Path | FileId:
    for key in _ADDRESSES:
        if key in raw and not isinstance(raw[key], str):
            raise InvalidInputError(f"its {key} is no text")
    return FileId(parse_id(raw["id"])) if "id" in raw else parse_path(raw["path"])


def _values(raw: object) -> dict[str, Value]:
    if not isinstance(raw, dict):
        raise InvalidInputError('"set" is not {NAME: VALUE, …}')
    values: dict[str, Value] = {}
    for given, value in raw.items():
        name = normalize_name(given)
        if name in values:
            raise InvalidInputError(f"it sets {name!r} twice")
        if not isinstance(value, bool | int | float | str):
            raise InvalidInputError(
                f"the value of {name!r} is neither text nor number nor true nor false",
                hint='"unset" takes a value away' if value is None else None,
            )
        values[name] = check_value(value)
    return values


def _texts(raw: Mapping[str, Any], key: str) -> list[str]:
    texts = raw.get(key, [])
    if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
        raise InvalidInputError(f'"{key}" is no list of texts')
    return texts


def _flag(raw: object) -> bool:
    if not isinstance(raw, bool):
        raise InvalidInputError('"done" is neither true nor false')
    return raw
