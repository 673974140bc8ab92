from hypothesis import given
from support.model_strategies import raw_ids

from dvcore.ids import BlobId, FileId, digest
from dvcore.model.files import derive_copied_id, derive_imported_id, split_number

BLOB = BlobId(bytes(range(32)))


def test_golden_ids() -> None:
    """File ids are stored in every repository: a change here makes every import anew."""
    assert (
        derive_imported_id(("nuts", "200dpi"), "img_001.jpg", BLOB, 0).hex()
        == "d9ffa1b6534287c06451099555e79a1abd31332b70051ef3a8c8915d198b0726"
    )
    assert (
        derive_imported_id((), "Nüsse.png", BLOB, 1).hex()
        == "9a4af6e17da40ac243cb36ea0eaaf095b3c133200f7cc422f08fb5dbeb17c585"
    )
    assert (
        derive_copied_id(FileId(bytes(32)), ("trees",), "img_001.jpg", 0).hex()
        == "e49c47468eb8a3c93e7eda47548223cf68300a6622c32bdcd8f43d8957a29432"
    )


def test_golden_split_numbers() -> None:
    """A change here moves images between train and test."""
    assert split_number(BLOB) == 18_012_282_550_244_937_216
    assert split_number(BlobId(digest(b"walnut"))) == 15_886_417_286_210_510_131


@given(raw_ids)
def test_every_part_of_where_a_file_came_from_counts(raw: bytes) -> None:
    blob = BlobId(raw)
    ids = {
        derive_imported_id(("a",), "b", blob, 0),
        derive_imported_id(("a",), "b", blob, 1),
        derive_imported_id(("a",), "c", blob, 0),
        derive_imported_id(("a", "b"), "b", blob, 0),
        derive_imported_id((), "b", blob, 0),
        derive_copied_id(FileId(raw), ("a",), "b", 0),
        derive_copied_id(FileId(raw), ("a",), "b", 1),
        derive_copied_id(FileId(raw), ("a",), "c", 0),
    }
    assert len(ids) == 8


def test_split_numbers_are_uniform() -> None:
    counts = [0] * 10
    for number in range(20_000):
        counts[split_number(BlobId(digest(number.to_bytes(4, "big")))) * 10 >> 64] += 1
    # 2,000 expected each; the standard deviation is 42, and these numbers are always the same.
    assert all(1_850 < count < 2_150 for count in counts)
