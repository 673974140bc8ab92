import pytest
from hypothesis import given
from hypothesis import strategies as st

from dvcore.errors import CorruptError, InvalidInputError
from dvcore.model.names import ROOT, decode_name, format_path, normalize_name, parse_path, path_sort_key

any_text = st.text(st.characters(), max_size=6)


@given(any_text)
def test_a_name_is_one_or_is_refused(text: str) -> None:
    try:
        name = normalize_name(text)
    except InvalidInputError:
        return
    assert normalize_name(name) == name
    assert decode_name(name.encode()) == name
    assert parse_path(name) == (name,)


@given(st.binary(max_size=6))
def test_a_name_in_a_directory_is_one_or_is_corrupt(raw: bytes) -> None:
    try:
        name = decode_name(raw)
    except CorruptError:
        return
    assert normalize_name(name).encode() == raw


@given(any_text)
def test_a_path_reads_back_as_it_is_shown(text: str) -> None:
    try:
        path = parse_path(text)
    except InvalidInputError:
        return
    assert parse_path(format_path(path)) == path


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("", ROOT),
        (".", ROOT),
        ("/", ROOT),
        ("nuts", ("nuts",)),
        ("/nuts/200dpi/", ("nuts", "200dpi")),
        ("nüsse/写真 1.jpg", ("nüsse", "写真 1.jpg")),
        ("nu\u0308sse", ("nüsse",)),
        ("...", ("...",)),
    ],
)
def test_paths(text: str, path: tuple[str, ...]) -> None:
    assert parse_path(text) == path


@pytest.mark.parametrize(
    "text", ["..", "nuts/..", "../nuts", "a//b", "a/./b", "a\x00b", "a\nb", "a\x7fb", "\udce9", "x" * 256, "ü" * 128]
)
def test_what_cannot_be_a_name_is_refused(text: str) -> None:
    with pytest.raises(InvalidInputError, match="cannot be a name"):
        parse_path(text)


@pytest.mark.parametrize(
    ("text", "reason"), [("a\x85", "contains a control character"), ("\udce9\n", "is not UTF-8"), ("é" * 128, "longer")]
)
def test_the_reason_is_the_true_one(text: str, reason: str) -> None:
    with pytest.raises(InvalidInputError, match=reason):
        normalize_name(text)


def test_the_longest_name_and_the_deepest_path() -> None:
    assert parse_path("x" * 255) == ("x" * 255,)
    assert len(parse_path("/".join("d" * 64))) == 64
    with pytest.raises(InvalidInputError, match="deeper than 64"):
        parse_path("/".join("d" * 65))


@pytest.mark.parametrize("raw", [b"..", b"a/b", b"", b"\xff", "u\u0308".encode(), b"a\x00"])
def test_a_directory_that_holds_a_dangerous_name_is_corrupt(raw: bytes) -> None:
    with pytest.raises(CorruptError, match="a directory holds"):
        decode_name(raw)


def test_paths_are_ordered_by_their_bytes() -> None:
    # `-` comes before `/`, and a code point beyond U+FFFF after it, as it would not in UTF-16.
    ordered = [("a",), ("a-b",), ("a", "b"), ("a0",), ("é",), ("\uffff",), ("\U00010000",)]
    assert sorted(set(ordered), key=path_sort_key) == ordered
