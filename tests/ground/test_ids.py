import pytest
from hypothesis import given
from support.model_strategies import raw_ids

from dvcore.errors import InvalidInputError
from dvcore.ids import digest, format_id, format_short, parse_id


def test_the_digest_is_plain_blake3() -> None:
    # `printf walnut | b3sum`
    assert digest(b"walnut").hex() == "00b52608a2d41cace03c13132c74eae4c1a388a1e88241f77e4c3731010644f3"


@given(raw_ids)
def test_an_id_is_read_back_from_its_digits(raw: bytes) -> None:
    assert parse_id(format_id(raw)) == raw
    assert format_id(raw).startswith(format_short(raw))
    assert len(format_short(raw)) == 12


@pytest.mark.parametrize("text", ["", "3fa9", "AB" * 32, "ab" * 31, "ab" * 33, "zz" * 32, " " + "ab" * 32, "é" * 64])
def test_anything_else_is_no_id(text: str) -> None:
    with pytest.raises(InvalidInputError, match="is no id"):
        parse_id(text)
