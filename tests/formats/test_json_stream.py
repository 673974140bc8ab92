"""Streamed json is what `json.loads` gives, however the file is cut into pieces; what that refuses is refused there."""

import json
from io import FileIO
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from dvcore.errors import InvalidInputError
from dvcore.formats.texts import json_stream
from dvcore.formats.texts.json_stream import iter_list, iter_members

values = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**30), 10**30) | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4),
    max_leaves=12,
)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("json") / "one.json"


def streamed(place: Path, data: bytes, piece: int) -> dict[str, Any]:
    place.write_bytes(data)
    with pytest.MonkeyPatch.context() as patch, FileIO(place) as file:
        patch.setattr(json_stream, "_PIECE_BYTES", piece)
        members = iter_members(file)
        return {name: list(value) if hasattr(value, "__next__") else value for name, value in members}


def loaded(text: str) -> tuple[Any, json.JSONDecodeError | None]:
    try:
        return json.loads(text, object_pairs_hook=_without_repeated_names), None
    except json.JSONDecodeError as error:
        return None, error


def _without_repeated_names(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    assume(len(dict(pairs)) == len(pairs))
    return dict(pairs)


@settings(max_examples=200, deadline=None)
@given(
    document=st.dictionaries(st.text(), values, max_size=5),
    style=st.fixed_dictionaries({"indent": st.sampled_from([None, 0, 3]), "ensure_ascii": st.booleans()}),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-32"]),
    piece=st.integers(4, 60),
)
def test_what_is_streamed_is_what_is_loaded(
    place: Path, document: dict[str, Any], style: dict[str, Any], encoding: str, piece: int
) -> None:
    data = json.dumps(document, **style).encode(encoding, "surrogatepass")
    assert streamed(place, data, piece) == document


@settings(max_examples=400, deadline=None)
@given(
    document=st.dictionaries(st.text(max_size=3), values, min_size=1, max_size=3),
    at=st.floats(0, 1),
    other=st.sampled_from(["", "\n", "]", "}", ",", '"', "{", "1", "x", "\x01"]),
    piece=st.integers(4, 60),
)
def test_what_is_refused_is_refused_at_the_same_place(
    place: Path, document: dict[str, Any], at: float, other: str, piece: int
) -> None:
    text = json.dumps(document, indent=1)
    cut = int(at * len(text))
    damaged = text[:cut] + other + text[cut + 1 :]
    expected, fault = loaded(damaged)
    if fault is None:
        assert streamed(place, damaged.encode(), piece) == expected
        return
    with pytest.raises(InvalidInputError) as refused:
        streamed(place, damaged.encode(), piece)
    message = refused.value.message
    assert message == "holds no object" or f": line {fault.lineno} column {fault.colno}" in message


def test_a_list_that_is_not_read_to_its_end_is_passed_over(place: Path) -> None:
    place.write_text('{"a": [1, {"b": [2]}, 3], "c": 4}')
    with FileIO(place) as file:
        names = [name for name, _ in iter_members(file)]
    assert names == ["a", "c"]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "is no json: Expecting '{': line 1 column 1"),
        (b"\n\n  ", "is no json: Expecting '{': line 3 column 3"),
        (b"[1]", "holds no object"),
        (b'"x"', "holds no object"),
        (b"x", "is no json: Expecting '{'"),
        (b"{1: 2}", "is no json: Expecting property name enclosed in double quotes"),
        (b'{"a" 2}', "is no json: Expecting ':'"),
        (b'{"a": [1 2]}', "is no json: Expecting ',': line 1 column 10"),
        (b'{"a": 1', "is no json: Expecting ','"),
        (b'{"a": 1} 2', "is no json: Extra data: line 1 column 10"),
        (b'{"a": "\xff"}', "is no json: it is not utf-8 at byte 7"),
        (b'{"a": ["' + b"x" * 5000 + b'", "\xc3', "is no json: it is not utf-8 at byte 5012"),
        (b'{"a": ' + b"[" * 100_000, "is nested too deeply"),
        (b'{"a": [' + b"7" * 5000 + b"]}", "is no json: Exceeds the limit"),
        (b'{"a": [{},\n {"b": {"c": 1, "c": 1}}]}', "is no json: an object has 'c' twice: line 2 column 2"),
    ],
)
@pytest.mark.parametrize("piece", [4, 1 << 20])
def test_messages(place: Path, data: bytes, message: str, piece: int) -> None:
    with pytest.raises(InvalidInputError) as error:
        streamed(place, data, piece)
    assert message in error.value.message


def test_a_file_that_is_a_list(place: Path) -> None:
    place.write_text(' [1, {"a": [2]}, "x"] ')
    with FileIO(place) as file:
        assert list(iter_list(file)) == [1, {"a": [2]}, "x"]
    for text, message in (
        ('{"a": 1}', "holds no list"),
        ("[1] 2", "Extra data"),
        ("", "Expecting '\\['"),
        ("[1", "Expecting ','"),
    ):
        place.write_text(text)
        with pytest.raises(InvalidInputError, match=message), FileIO(place) as file:
            list(iter_list(file))


def test_an_item_of_any_size_is_refused_before_it_fills_the_memory(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(json_stream, "_LARGEST", 1000)
    with pytest.raises(InvalidInputError, match="has a value of more than"):
        streamed(place, b'{"a": ["' + b"x" * 5000 + b'"]}', 100)
    assert streamed(place, b'{"a": [' + b'"xxxxxxxxx", ' * 5000 + b"1]}", 100)["a"][-1] == 1
