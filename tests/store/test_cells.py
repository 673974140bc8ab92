import pytest
from hypothesis import given
from hypothesis import strategies as st

from dvcore.errors import CorruptError
from dvcore.store import seal, unseal

GOLDEN = "9c332c4aa903564dcde34c632543b265"


def test_a_sealed_value_has_these_bytes() -> None:
    assert seal("ref/heads/main", b"payload").hex() == GOLDEN + b"payload".hex()


@given(name=st.text(min_size=1, max_size=50), payload=st.binary(max_size=200))
def test_what_was_sealed_comes_back(name: str, payload: bytes) -> None:
    assert unseal(name, seal(name, payload)) == payload


@given(payload=st.binary(max_size=40), data=st.data())
def test_any_flipped_bit_is_found(payload: bytes, data: st.DataObject) -> None:
    sealed = bytearray(seal("head", payload))
    bit = data.draw(st.integers(0, 8 * len(sealed) - 1))
    sealed[bit // 8] ^= 1 << bit % 8
    with pytest.raises(CorruptError, match="'head' is damaged"):
        unseal("head", bytes(sealed))


@given(payload=st.binary(max_size=40), length=st.integers(0, 55))
def test_a_shortened_value_is_found(payload: bytes, length: int) -> None:
    sealed = seal("head", payload)
    if length < len(sealed):
        with pytest.raises(CorruptError):
            unseal("head", sealed[:length])


@pytest.mark.parametrize(("name", "payload"), [("work/a", b"x"), ("work/", b"ax"), ("work/ax", b"")])
def test_a_value_under_another_name_is_found(name: str, payload: bytes) -> None:
    """Also where name and payload together are the same bytes."""
    for other in ("work/main", "work/", "work/a", "work/ax"):
        if other != name:
            with pytest.raises(CorruptError):
                unseal(other, seal(name, payload))
