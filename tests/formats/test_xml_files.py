"""XML of strangers: what is read, and what is refused by name."""

import xml.etree.ElementTree as Reference
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dvcore.errors import InvalidInputError
from dvcore.formats.texts.xml_files import Element, iter_children, parse_xml

XML = b"""<?xml version="1.0"?>
<annotation xmlns:x="urn:x" version="2">
  <size>
    <width> 640 </width>
  </size>
  <x:object x:id="7">first<name>cell</name>second</x:object>
  <object/>
</annotation>
"""


def test_elements_know_their_lines_texts_and_children() -> None:
    root = parse_xml(XML)
    assert (root.name, root.attributes, root.line) == ("annotation", {"version": "2"}, 2)
    assert root.find_text("size", "width") == "640"
    first, second = root.named("object")
    assert (first.line, first.text, first.attributes, first.find_text("name")) == (6, "first", {"id": "7"}, "cell")
    assert (second.line, second.text, second.children) == (7, "", [])


def test_what_is_not_there_is_none() -> None:
    root = parse_xml(XML)
    assert root.find("size", "height", "metres") is None
    assert root.find_text("nothing") is None
    assert root.find_text("object", "missing") is None


def test_children_come_as_they_are_complete_and_are_not_held() -> None:
    pieces = [b"<a>", b"<b><c/></b><b", b">2</b>", b"<b/></a>"]
    seen: list[Element] = []
    roots = []
    for root, child in iter_children(iter(pieces)):
        roots.append(root)
        if child is not None:
            seen.append(child)
            assert root.children == []
    assert [one.text for one in seen] == ["", "2", ""]
    assert len(seen[0].children) == 1
    assert all(one is roots[0] for one in roots)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "iso-8859-1"])
def test_encodings(encoding: str) -> None:
    text = f"<?xml version='1.0' encoding='{encoding}'?><name>Bär</name>"
    assert parse_xml(text.encode(encoding)).text == "Bär"


def test_text_in_pieces_is_whole() -> None:
    words = " ".join(map(str, range(9_000)))  # expat gives some 8,000 letters at a time
    assert parse_xml(f"<a>{words}<!-- and --> more<b/></a>".encode()).text == f"{words} more"


def test_a_byte_order_mark_is_no_text() -> None:
    assert parse_xml(b"\xef\xbb\xbf<a>b</a>").text == "b"


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "no element found: line 1"),
        (b"<a>\n<b>", "no element found: line 2"),
        (b"<a>\n</b>", "mismatched tag: line 2"),
        (b"<a/><b/>", "junk after document element: line 1"),
        (b"<a>\xff</a>", "not well-formed (invalid token): line 1"),
        (b'{"shapes": []}', "is no xml"),
        (b"<a>&nbsp;</a>", "undefined entity"),
        (b'<?xml version="1.0" encoding="klingon"?><a/>', "unknown encoding: klingon"),
        (b'<?xml version="1.0" encoding="rot13"?><a/>', "rot13"),
        (b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', "declares entities"),
        (b'<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>', "declares entities"),
        (b'<!DOCTYPE a [<!ENTITY % b SYSTEM "http://127.0.0.1/"> %b;]><a/>', "declares entities"),
        (b'<!DOCTYPE a SYSTEM "http://127.0.0.1/a.dtd"><a>&b;</a>', "undefined entity"),
        (b"<a>" * 65 + b"</a>" * 65, "is nested too deeply at line 1"),
    ],
)
def test_what_is_refused(data: bytes, reason: str) -> None:
    with pytest.raises(InvalidInputError) as error:
        parse_xml(data)
    assert reason in error.value.message


def test_an_entity_bomb_costs_nothing() -> None:
    levels = "".join(f"<!ENTITY l{n + 1} '{f'&l{n};' * 10}'>" for n in range(20))
    bomb = f"<!DOCTYPE a [<!ENTITY l0 'boom'>{levels}]><a>&l20;</a>"
    with pytest.raises(InvalidInputError, match="declares entities"):
        parse_xml(bomb.encode())


def test_all_real_files_have_the_texts_that_the_standard_library_finds(shared_data: Path) -> None:
    places = sorted(shared_data.glob("**/*.xml"))
    assert len(places) > 364
    for place in places:
        data = place.read_bytes()
        ours, theirs = parse_xml(data), Reference.fromstring(data)
        assert _flat(ours) == [(one.tag, dict(one.attrib), (one.text or "").strip()) for one in theirs.iter()]


def _flat(element: Element) -> list[tuple[str, dict[str, str], str]]:
    own = (element.name, element.attributes, element.text)
    return [own, *(one for child in element.children for one in _flat(child))]


@given(st.binary(max_size=60) | st.integers(0, len(XML) - 1).flatmap(lambda at: st.binary(max_size=4).map(
    lambda noise: XML[:at] + noise + XML[at + len(noise) :]
)))  # fmt: skip
def test_any_bytes_are_parsed_or_refused_by_name(data: bytes) -> None:
    try:
        parse_xml(data)
    except InvalidInputError as error:
        str(error).encode()
