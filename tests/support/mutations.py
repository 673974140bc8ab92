"""Sound documents, damaged: bytes that are cut, changed and repeated, and json with odd values in odd places."""

import copy
from typing import Any

from hypothesis import strategies as st

TOKENS = [
    *(b"<", b">", b"/>", b"<!--", b"]]>", b"&", b"&lt;", b'"', b"'", b"{", b"}", b"[", b"]", b",", b":", b"null"),
    *(b"nan", b"-inf", b"1e999", b"-1", b"0", b"9" * 30, b"0x1", b"1_0", b"\x00", b"\xff\xfe", b"\xef\xbb\xbf"),
    *("é".encode(), b"../", b"a.png", b"true", b"\n", b"<x/>", b'<!DOCTYPE a [<!ENTITY b "c">]>'),
]


@st.composite
def damaged_bytes(draw: st.DrawFn, sound: bytes) -> bytes:
    """A document with up to four places damaged."""
    data = sound
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(data)))
        end = min(len(data), at + draw(st.sampled_from([0, 0, 1, 2, 5, 40])))
        put = draw(st.sampled_from([b"", *TOKENS]) | st.binary(max_size=4) | st.just(data[at : at + 60]))
        data = data[:at] + put + data[end:]
    return data


odd_values = st.recursive(
    st.none()
    | st.booleans()
    | st.sampled_from([0, -1, 1, 2**31, 2**63, 10**30, 10**400, 1e308, -1e308, 1e-320, float("nan"), float("inf")])
    | st.integers(-20, 20)
    | st.floats()
    | st.text(max_size=4)
    | st.sampled_from(["a.png", "../a.png", "\ud800", "1", "nut", "mask", "AAAA"]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=6,
)


def _places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(place for key, inner in items for place in _places(inner, (*path, key)))]


@st.composite
def damaged_json(draw: st.DrawFn, sound: Any) -> Any:
    """A document with up to four of its values replaced, removed or repeated."""
    document = copy.deepcopy(sound)
    for _ in range(draw(st.integers(1, 4))):
        places = _places(document)[1:]
        if not places:
            break
        *above, last = draw(st.sampled_from(places))
        parent = document
        for key in above:
            parent = parent[key]
        match draw(st.sampled_from(["replace", "remove", "repeat"])):
            case "remove":
                del parent[last]
            case "repeat" if isinstance(parent, list):
                parent.append(copy.deepcopy(parent[last]))
            case _:
                parent[last] = draw(odd_values)
    return document
