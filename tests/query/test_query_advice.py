"""Advice on texts that may be slips: in expressions, and where they are set."""

import time
from pathlib import Path

import pytest
from support.described_trees import Described, cached_repository, write_tree

from dvcore.errors import ExpressionError, NotFoundError
from dvcore.model.annotations import Entered
from dvcore.model.declarations import VariableDeclaration
from dvcore.model.geometry import Box
from dvcore.model.values import ValueType
from dvcore.query import NearValue, advice, find_near_value, iter_advice
from dvcore.repo.repository import Repository

VARIABLES = (
    VariableDeclaration("location", ValueType.TEXT),
    VariableDeclaration("camera", ValueType.TEXT, default="Leica"),
    VariableDeclaration("kind", ValueType.ENUM, ("fig", "nut")),
    VariableDeclaration("label", ValueType.TEXT),
)
INSTANCE = Entered("walnut", Box(1.0, 1.0, 2.0, 2.0), attributes={"pose": "left", "crowd": True, "score": 0.5})
PATHS = {
    "a": Described({"location": "Waldkirch", "label": "shelf"}, instances=(INSTANCE,)),
    "b": Described({"location": "Reute"}),
}


def advised(text: str, *, of_instance: bool = False) -> list[str]:
    with Repository.in_memory() as repository:
        tree = write_tree(repository, PATHS, variables=VARIABLES, labels=("walnut",))
        return list(iter_advice(repository, tree, text, of_instance=of_instance))


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("location = 'Reuet'", ["no file has location = 'Reuet'; did you mean 'Reute'?"]),
        ("'Reuet' <> location", ["no file has location = 'Reuet'; did you mean 'Reute'?"]),
        ("location IS 'Zurich'", ["no file has location = 'Zurich'"]),
        (
            "location IN ('Waldkirch', 'Reuet', 'Waldkirsch')",
            [
                "no file has location = 'Reuet'; did you mean 'Reute'?",
                "no file has location = 'Waldkirsch'; did you mean 'Waldkirch'?",
            ],
        ),
        ("NOT (width > 1 OR format = 'JPG')", ["no file has format = 'JPG'; did you mean 'JPEG'?"]),
        ("location = 'Reuet' AND location = 'Reuet'", ["no file has location = 'Reuet'; did you mean 'Reute'?"]),
        ("has(attribute('pose') = 'letf')", ["no instance has attribute('pose') = 'letf'; did you mean 'left'?"]),
        ("has(attribute('psoe') > 1)", ["no instance has the attribute 'psoe'; did you mean 'pose'?"]),
        ("has(files.label = 'shelv')", ["no file has label = 'shelv'; did you mean 'shelf'?"]),
        ("location = 'Reute' AND format = 'JPEG' AND mode <> 'RGB'", []),
        ("camera = 'Leica' OR camera IS NULL", []),
        ("kind = 'fig' AND has(label = 'walnut' AND geometry = 'mask')", []),
        ("location LIKE 'Reuet' OR location > 'Reuet'", []),
        ("path = 'nowhere' OR name = 'x' OR directory = 'y'", []),
        ("has(attribute('pose') = 'left' AND attribute('crowd') AND attribute('score') > 9)", []),
    ],
)
def test_advice(text: str, lines: list[str]) -> None:
    assert advised(text) == lines


def test_advice_on_an_expression_about_instances() -> None:
    assert advised("label = 'walnut' AND files.label = 'self'", of_instance=True) == [
        "no file has label = 'self'; did you mean 'shelf'?"
    ]


def test_nobody_waits_for_advice(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(advice, "_SECONDS", -1.0)
    monkeypatch.setattr("dvcore.query.sandbox._STEPS", 1)
    assert advised("location = 'Reuet'") == []


def test_a_wrong_expression_is_an_error() -> None:
    with pytest.raises(ExpressionError):
        advised("locaton = 'Reute'")


SCANS = {f"{n}": Described({"location": f"scan-2024-{n:04}-{n * 7919 % 1000}"}) for n in range(1_500)}


def test_nobody_waits_for_advice_on_many_texts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(advice, "_SECONDS", 0.5)
    asked = ", ".join(f"'scan-2023-{n:04}-{n * 7919 % 1000}'" for n in range(300))
    with Repository.in_memory() as repository:
        tree = write_tree(repository, SCANS, variables=VARIABLES)
        began = time.monotonic()
        lines = list(iter_advice(repository, tree, f"location IN ({asked})"))
        assert time.monotonic() - began < 4
    assert lines[0] == "no file has location = 'scan-2023-0000-0'; did you mean 'scan-2024-0000-0'?"


def test_long_texts_are_no_slips(tmp_path: Path) -> None:
    caption = "a dog sits on a mat " * 6
    repository = cached_repository(tmp_path)
    tree = write_tree(repository, {"a": Described({"location": caption})}, variables=VARIABLES)
    assert list(iter_advice(repository, tree, f"location = '{caption}!'")) == [f"no file has location = '{caption}!'"]
    assert find_near_value(repository, tree, "location", f"{caption}!") is None
    assert list(iter_advice(repository, tree, f"location = '{caption[:100]}'")) == [
        f"no file has location = '{caption[:100]}'"
    ]
    assert find_near_value(repository, tree, "location", caption[:100]) is None


LOCATION = VariableDeclaration("location", ValueType.TEXT)
DPI = VariableDeclaration("dpi", ValueType.INT)
KIND = VariableDeclaration("kind", ValueType.ENUM, ("walnut",))


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Reuet", NearValue("Reute", 2)),
        ("reute", NearValue("Reute", 2)),
        ("Waldkrich", NearValue("Waldkirch", 1)),
        ("Reute", None),
        ("Ulm", None),
        ("Reute 2", NearValue("Reute", 2)),
        ("batch 13", None),
    ],
)
def test_the_value_that_was_meant(tmp_path: Path, text: str, found: NearValue | None) -> None:
    described = {
        f"{number}.jpg": Described(values={"location": one})
        for number, one in enumerate(["Reute", "Reute", "Waldkirch", "Reuter", "batch 12"])
    }
    repository = cached_repository(tmp_path)
    tree = write_tree(repository, described, variables=(DPI, LOCATION, KIND))
    assert find_near_value(repository, tree, "location", text) == found


def test_only_texts_are_looked_at(tmp_path: Path) -> None:
    repository = cached_repository(tmp_path)
    tree = write_tree(repository, {"a.jpg": Described(values={"kind": "walnut"})}, variables=(DPI, LOCATION, KIND))
    assert find_near_value(repository, tree, "kind", "walnot") is None
    assert find_near_value(repository, tree, "dpi", "2000") is None
    with pytest.raises(NotFoundError):
        find_near_value(repository, tree, "place", "Reute")


def test_no_index_is_made_of_many_files_for_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(advice, "_MOST_FILES", 1)
    repository = cached_repository(tmp_path)
    described = {f"{name}.jpg": Described(values={"location": "Reute"}) for name in "ab"}
    tree = write_tree(repository, described, variables=(LOCATION,))
    assert find_near_value(repository, tree, "location", "Reuet") is None
    assert not list(tmp_path.rglob("index.sqlite"))


def test_captions_have_no_slips(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(advice, "_MOST_VALUES", 2)
    repository = cached_repository(tmp_path)
    texts = ["a dog runs", "a dog sits", "a cat sits"]
    described = {f"{number}.jpg": Described(values={"location": text}) for number, text in enumerate(texts)}
    tree = write_tree(repository, described, variables=(LOCATION,))
    assert find_near_value(repository, tree, "location", "a dog sitz") is None
