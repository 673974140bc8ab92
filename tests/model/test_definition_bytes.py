"""Definitions as they are stored: the lowest version that holds them, and nothing that is lost or made up."""

from dataclasses import replace

import pytest
from hypothesis import given
from support.model_strategies import definitions

from dvcore.encoding import decode, encode
from dvcore.errors import CorruptError, NeedsNewerError
from dvcore.ids import digest
from dvcore.model.definition import (
    MAX_BOUND,
    Definition,
    Feature,
    ImageOptions,
    Label,
    Split,
    pack_definition,
    unpack_definition,
)

WALNUT = Label("walnut", "label = 'walnut'")
FULL = Definition(
    directories=("nuts",),
    where="dpi = 200",
    features=(
        Feature("image", "thumb", options={"downsample": "both:64x64"}),
        Feature("boxes", "image/object", (WALNUT,)),
    ),
    splits=(Split("train", "0.8", shards=4), Split("test", "0.2", "split = 'test'", 1)),
    group_by="location",
    image=ImageOptions(color="gray", bit_depth="16", range="0:4095", reducing_gap="2"),
    overlap="first",
    leak="warn",
)
STRATIFIED = Definition(labels=(WALNUT,), stratify=True, label_bounds=((MAX_BOUND // 2, MAX_BOUND, MAX_BOUND),))


@given(definitions)
def test_what_is_stored_is_read_back(definition: Definition) -> None:
    assert unpack_definition(decode(encode(pack_definition(definition)))) == definition


@pytest.mark.parametrize("definition", [Definition(), FULL, STRATIFIED])
def test_the_very_definition_comes_back(definition: Definition) -> None:
    assert unpack_definition(decode(encode(pack_definition(definition)))) == definition


def test_what_version_one_holds_is_written_as_ever() -> None:
    packed = pack_definition(replace(Definition(), labels=(WALNUT,), image=ImageOptions(color="gray")))
    assert packed["version"] == 1
    assert set(packed) == {"version", "directories", "labels", "splits", "image", "overlap", "leak"}
    assert set(packed["image"]) == {"color", "downsample", "interpolation", "encoding", "background"}


@pytest.mark.parametrize(
    ("definition", "expected"),
    [
        (FULL, "1c0ddeb7ca840ee6342dab239b0f356f2deb644b25b13f975e3eb18d3d776d17"),
        (STRATIFIED, "38d31e641b556cf4b7aaf26bebbacc2ad5231c76c34263f67152e75337db728f"),
    ],
)
def test_the_bytes_of_version_two(definition: Definition, expected: str) -> None:
    packed = pack_definition(definition)
    assert packed["version"] == 2
    assert digest(encode(packed)).hex() == expected


def test_an_unknown_field_is_not_dropped() -> None:
    with pytest.raises(NeedsNewerError, match="'more'"):
        unpack_definition(pack_definition(Definition()) | {"more": 1})


def test_a_newer_version_is_named() -> None:
    with pytest.raises(NeedsNewerError, match="version 3"):
        unpack_definition(pack_definition(Definition()) | {"version": 3})


@pytest.mark.parametrize(
    "damage",
    [
        {"version": 2},  # what it says, version 1 holds
        {"features": []},
        {"features": [["image", "image", []]]},
        {"features": [["image", "image", [["walnut"]], {}]]},
        {"features": [["image", "image", [], {"color": 1}]]},
        {"label_bounds": [[-1]], "version": 2},
        {"label_bounds": [[MAX_BOUND + 1]], "version": 2},
        {"label_bounds": [7], "version": 2},
        {"stratify": False, "version": 2},
        {"image": pack_definition(FULL)["image"] | {"reducing_gap": "none"}, "version": 2},
        {"group_by": 7, "version": 2},
    ],
)
def test_damage_is_named(damage: dict[str, object]) -> None:
    with pytest.raises(CorruptError):
        unpack_definition(pack_definition(Definition()) | damage)
