from dataclasses import replace

import pytest
from support.repositories import (
    FACTS,
    box,
    descriptions,
    file_at,
    is_annotated,
    label,
    labels_at,
    paths,
    put,
    values_at,
)

from dvcore.errors import ConflictError, InvalidInputError
from dvcore.ids import BlobId, InstanceId, digest
from dvcore.model.declarations import LabelDeclaration, VariableDeclaration
from dvcore.model.files import derive_imported_id
from dvcore.model.geometry import bounds
from dvcore.model.names import parse_path
from dvcore.model.values import ValueType
from dvcore.prolly import nodes
from dvcore.repo.adding import AddOptions, Declared, OnExisting, add_files
from dvcore.repo.additions import Addition
from dvcore.repo.annotating import Annotation, GivenInstance, annotate
from dvcore.repo.copying import CopyOptions, copy
from dvcore.repo.entries import make_directory, move, remove
from dvcore.repo.mirroring import mirror
from dvcore.repo.repository import Repository

KIND = VariableDeclaration("kind", ValueType.ENUM, ("walnut", "almond"))
DPI = VariableDeclaration("dpi", ValueType.INT)


def blob_at(repository: Repository, path: str) -> bytes:
    return repository.blobs.read(repository.working_tree().record(file_at(repository, path)).blob)


def test_files_come_in_under_derived_ids(repository: Repository) -> None:
    report = put(repository, "nuts/a.jpg", "nuts/sub/b.jpg", "c.jpg")
    assert (report.added, report.unchanged) == (3, 0)
    assert paths(repository) == ["c.jpg", "nuts/a.jpg", "nuts/sub/b.jpg"]
    assert blob_at(repository, "nuts/a.jpg") == b"nuts/a.jpg"
    blob = BlobId(digest(b"nuts/sub/b.jpg"))
    assert file_at(repository, "nuts/sub/b.jpg") == derive_imported_id(("nuts", "sub"), "b.jpg", blob, 0)


def test_two_imports_of_the_same_give_the_same_tree_in_any_order(repository: Repository) -> None:
    put(repository, "nuts/a.jpg", "nuts/b.jpg", entered=[box("dog"), box("cat")])
    with Repository.in_memory() as other:
        put(other, "nuts/b.jpg", entered=[box("dog"), box("cat")])
        put(other, "nuts/a.jpg", entered=[box("dog"), box("cat")])
        assert other.working_tree().id == repository.working_tree().id


def test_importing_again_changes_nothing(repository: Repository) -> None:
    put(repository, "nuts/a.jpg", "nuts/b.jpg", entered=[box("dog")])
    report = put(repository, "nuts/a.jpg", "nuts/b.jpg", entered=[box("dog")])
    assert (report.added, report.unchanged, report.instances_added, report.instances_present) == (0, 2, 0, 2)
    assert descriptions(repository) == ["import"]


def test_an_id_is_never_given_twice(repository: Repository) -> None:
    put(repository, "nuts/a.jpg", data="same")
    move(repository, [("nuts", "a.jpg")], ("elsewhere", "a.jpg"))
    put(repository, "nuts/a.jpg", data="same")
    assert file_at(repository, "nuts/a.jpg") != file_at(repository, "elsewhere/a.jpg")
    label(repository, "nuts/a.jpg", "dog")
    assert labels_at(repository, "elsewhere/a.jpg") == []


def test_equal_bytes_under_two_names_are_two_files(repository: Repository) -> None:
    put(repository, "a.jpg", "b.jpg", data="same")
    assert file_at(repository, "a.jpg") != file_at(repository, "b.jpg")


def test_other_bytes_under_a_name_stop_with_the_names(repository: Repository) -> None:
    put(repository, "nuts/a.jpg", "nuts/b.jpg")
    before = repository.working_tree().id
    with pytest.raises(ConflictError, match=r"2 names are taken already: nuts/a.jpg, nuts/b.jpg"):
        put(repository, "nuts/a.jpg", "nuts/b.jpg", "nuts/new.jpg", data="other")
    assert repository.working_tree().id == before


def test_many_conflicts_are_counted(repository: Repository) -> None:
    names = [f"{number:02}.jpg" for number in range(13)]
    put(repository, *names)
    with pytest.raises(ConflictError, match=r"13 names are taken already: 00.jpg, .*09.jpg and 3 more"):
        put(repository, *names, data="other")


def test_skipping(repository: Repository) -> None:
    put(repository, "a.jpg")
    report = put(repository, "a.jpg", "b.jpg", data="other", on_existing=OnExisting.SKIP)
    assert (report.skipped, report.added) == (1, 1)
    assert blob_at(repository, "a.jpg") == b"a.jpg"


def test_replacing_keeps_id_split_key_and_annotations(repository: Repository) -> None:
    put(repository, "a.jpg", entered=[box("dog")], variables={"dpi": 200}, declared=[DPI])
    mirror(repository, [("a.jpg",)], ("m",))
    before = repository.working_tree().record(file_at(repository, "a.jpg"))
    file = file_at(repository, "a.jpg")
    report = put(repository, "a.jpg", data="other", on_existing=OnExisting.REPLACE)
    after = repository.working_tree().record(file_at(repository, "a.jpg"))
    assert report.replaced == 1
    assert file_at(repository, "a.jpg") == file_at(repository, "m/a.jpg") == file
    assert after == replace(before, blob=BlobId(digest(b"other")), size=5)
    assert after.split_key == BlobId(digest(b"a.jpg"))


def test_replacing_an_annotated_file_by_one_of_another_size(repository: Repository) -> None:
    other = replace(FACTS, width=FACTS.height, height=FACTS.width)
    put(repository, "a.jpg", entered=[])
    put(repository, "b.jpg")
    with pytest.raises(ConflictError, match=r"1 annotated files would change their size: a.jpg"):
        put(repository, "a.jpg", "b.jpg", data="other", facts=other, on_existing=OnExisting.REPLACE)
    assert blob_at(repository, "b.jpg") == b"b.jpg"
    put(repository, "b.jpg", data="other", facts=other, on_existing=OnExisting.REPLACE)
    put(repository, "a.jpg", data="other", facts=other, on_existing=OnExisting.REPLACE, keep_annotations=True)
    assert repository.working_tree().record(file_at(repository, "a.jpg")).facts == other


def test_renaming_takes_the_first_free_name_and_finds_it_again(repository: Repository) -> None:
    put(repository, "n/a.jpg", "n/a-2.jpg", "n/plain", "n/.hidden")
    report = put(repository, "n/a.jpg", "n/plain", "n/.hidden", data="other", on_existing=OnExisting.RENAME)
    assert report.renamed == 3
    assert report.new_names == {"n/a.jpg": "n/a-3.jpg", "n/plain": "n/plain-2", "n/.hidden": "n/.hidden-2"}
    assert blob_at(repository, "n/a-3.jpg") == b"other"
    again = put(repository, "n/a.jpg", data="other", on_existing=OnExisting.RENAME, entered=[box("dog")])
    assert (again.added, again.completed, again.new_names) == (0, 1, {"n/a.jpg": "n/a-3.jpg"})
    assert labels_at(repository, "n/a-3.jpg") == ["dog"]


def test_a_name_that_grows_too_long_is_refused(repository: Repository) -> None:
    name = "x" * 251 + ".jpg"
    put(repository, name)
    with pytest.raises(InvalidInputError, match="longer than 255"):
        put(repository, name, data="other", on_existing=OnExisting.RENAME)


def test_a_directory_in_the_place_of_a_file_is_always_a_conflict(repository: Repository) -> None:
    make_directory(repository, ("a.jpg",))
    for mode in (OnExisting.STOP, OnExisting.SKIP, OnExisting.REPLACE):
        with pytest.raises(ConflictError, match=r"a.jpg"):
            put(repository, "a.jpg", on_existing=mode)


def test_a_file_in_the_place_of_a_directory_is_a_conflict(repository: Repository) -> None:
    put(repository, "a")
    with pytest.raises(ConflictError, match="'a' is a file"):
        put(repository, "a/b.jpg")
    with pytest.raises(ConflictError, match="'x' is a file"):
        put(repository, "x", "x/y.jpg")


# One import that brings one name twice: names that are equal in normal form C do that.


@pytest.mark.parametrize("mode", OnExisting)
def test_the_same_bytes_twice_are_one_file(repository: Repository, mode: OnExisting) -> None:
    report = put(repository, "Nüsse.jpg", "Nu\u0308sse.jpg", data="same", on_existing=mode)
    assert (report.added, report.unchanged) == (1, 1)
    assert paths(repository) == ["Nüsse.jpg"]


def additions(repository: Repository, *contents: bytes) -> list[Addition]:
    with repository.blobs.writer() as writer:
        return [Addition(("a.jpg",), writer.add_bytes(data), len(data), entered=(box("dog"),)) for data in contents]


def test_other_bytes_twice_stop(repository: Repository) -> None:
    labels = Declared(labels=(LabelDeclaration("dog", 0),))
    with pytest.raises(ConflictError, match=r"1 name is taken already: a.jpg"):
        add_files(repository, additions(repository, b"1", b"2"), labels, AddOptions(), "import")
    assert paths(repository) == []


@pytest.mark.parametrize(
    ("mode", "expected"),
    [
        (OnExisting.SKIP, {"a.jpg": b"1"}),
        (OnExisting.RENAME, {"a.jpg": b"1", "a-2.jpg": b"2", "a-3.jpg": b"3"}),
    ],
)
def test_other_bytes_twice_as_asked(repository: Repository, mode: OnExisting, expected: dict[str, bytes]) -> None:
    labels = Declared(labels=(LabelDeclaration("dog", 0),))
    add_files(repository, additions(repository, b"1", b"2", b"3"), labels, AddOptions(mode), "import")
    assert {path: blob_at(repository, path) for path in paths(repository)} == expected
    assert all(labels_at(repository, path) == ["dog"] for path in expected)


def test_other_bytes_twice_cannot_both_replace(repository: Repository) -> None:
    labels = Declared(labels=(LabelDeclaration("dog", 0),))
    with pytest.raises(ConflictError, match="different bytes from two places"):
        add_files(repository, additions(repository, b"1", b"2"), labels, AddOptions(OnExisting.REPLACE), "import")
    assert paths(repository) == []


@pytest.mark.parametrize("second", ["other", "same"])
def test_mirrors_that_come_in_with_different_bytes_lose_none_in_silence(repository: Repository, second: str) -> None:
    put(repository, "m/a.jpg", data="same")
    mirror(repository, [("m",)], ("n",))
    made = []
    with repository.blobs.writer() as writer:
        for path, data in (("m/a.jpg", b"new"), ("n/a.jpg", second.encode())):
            made.append(Addition(parse_path(path), writer.add_bytes(data), len(data), FACTS))
    for order in (made, made[::-1]):
        with pytest.raises(ConflictError, match="different bytes from two places"):
            add_files(repository, order, Declared(), AddOptions(OnExisting.REPLACE), "import")
    assert blob_at(repository, "n/a.jpg") == b"same"


def test_a_copy_knows_the_annotations_that_it_took_over(repository: Repository) -> None:
    entered = [box("dog"), box("dog"), box("cat")]
    put(repository, "n/a.jpg", data="same", entered=entered)
    copy(repository, [("n",)], ("m",), options=CopyOptions())
    report = put(repository, "m/a.jpg", data="same", entered=[*entered, box("dog")])
    assert (report.instances_added, report.instances_present) == (1, 3)
    assert sorted(labels_at(repository, "m/a.jpg")) == ["cat", "dog", "dog", "dog"]


def test_a_mirrored_file_that_comes_in_at_both_places(repository: Repository) -> None:
    put(repository, "m/a.jpg", data="same")
    mirror(repository, [("m",)], ("n",))
    report = put(repository, "m/a.jpg", "n/a.jpg", data="same", entered=[box("dog")])
    assert (report.completed, report.unchanged) == (1, 1)
    assert (report.instances_added, report.instances_present) == (1, 1)
    assert labels_at(repository, "n/a.jpg") == ["dog"]


def test_a_file_that_comes_again_gets_the_values_it_lacks_and_keeps_those_it_has(repository: Repository) -> None:
    put(repository, "n/a.jpg", "n/b.jpg", data="same", declared=[KIND, DPI], variables={"dpi": 200})
    annotate(repository, [("n", "b.jpg")], Annotation(set={"kind": "almond"}))
    report = put(repository, "n/a.jpg", "n/b.jpg", data="same", variables={"dpi": 300, "kind": "walnut"})
    assert (report.completed, report.unchanged, report.values_kept) == (1, 1, 2)
    assert values_at(repository, "n/a.jpg") == {"dpi": 200, "kind": "walnut"}
    assert values_at(repository, "n/b.jpg") == {"dpi": 200, "kind": "almond"}


# Annotations that come with files


def test_annotated_tells_nothing_there_from_nobody_looked(repository: Repository) -> None:
    put(repository, "looked.jpg", entered=[])
    put(repository, "unseen.jpg")
    assert (is_annotated(repository, "looked.jpg"), is_annotated(repository, "unseen.jpg")) == (True, False)


def test_importing_again_leaves_what_was_edited_and_adds_what_is_new(repository: Repository) -> None:
    put(repository, "a.jpg", entered=[box("dog", 1), box("dog", 5)])
    label(repository, "a.jpg", "wolf")
    report = put(repository, "a.jpg", entered=[box("dog", 1), box("dog", 5)])
    assert (report.instances_added, report.instances_present, report.instances_removed) == (2, 0, 0)
    assert labels_at(repository, "a.jpg") == ["dog", "dog", "wolf"]
    assert put(repository, "a.jpg").instances_added == 0


def test_importing_again_leaves_an_instance_that_was_edited_under_its_id(repository: Repository) -> None:
    put(repository, "a.jpg", entered=[box("dog")])
    reader = repository.working_tree()
    (dog,) = reader.annotations(reader.record(file_at(repository, "a.jpg"))).instances
    annotate(repository, [("a.jpg",)], Annotation(instances=[GivenInstance(box("wolf", 9), dog.id)]))
    report = put(repository, "a.jpg", entered=[box("dog")])
    assert (report.instances_added, report.instances_present) == (0, 1)
    assert labels_at(repository, "a.jpg") == ["wolf"]
    put(repository, "a.jpg", entered=[box("dog")], replace_annotations=True)
    assert labels_at(repository, "a.jpg") == ["dog"]


def test_replacing_annotations_leaves_those_of_the_source_alone(repository: Repository) -> None:
    put(repository, "a.jpg", entered=[box("dog", 1), box("dog", 5)])
    report = put(repository, "a.jpg", entered=[box("dog", 5), box("cat", 20)], replace_annotations=True)
    assert (report.instances_added, report.instances_present, report.instances_removed) == (1, 1, 1)
    assert labels_at(repository, "a.jpg") == ["cat", "dog"]


def test_replacing_annotations_keeps_the_id_of_what_was_edited(repository: Repository) -> None:
    def ids(path: str) -> dict[InstanceId, str]:
        reader = repository.working_tree()
        found = reader.annotations(reader.record(file_at(repository, path))).instances
        return {one.id: f"{one.label} {bounds(one.geometry)[0]:g}" for one in found}

    put(repository, "a.jpg", entered=[box("dog", 1), box("cat", 20), box("bird", 40), box("bird", 60)])
    named = {what: id_ for id_, what in ids("a.jpg").items()}
    edited = [box("dog", 1.5), box("cow", 20), box("bird", 40), box("bird", 90)]
    for _ in range(2):
        report = put(repository, "a.jpg", entered=edited, replace_annotations=True)
        assert ids("a.jpg")[named["dog 1"]] == "dog 1.5"
        assert ids("a.jpg")[named["cat 20"]] == "cow 20"
        assert ids("a.jpg")[named["bird 40"]] == "bird 40"
        assert named["bird 60"] not in ids("a.jpg")
    assert (report.unchanged, report.instances_present) == (1, 4)
    report = put(repository, "a.jpg", entered=[box("dog", 1.2), box("cat", 20)], replace_annotations=True)
    counts = (report.instances_edited, report.instances_added, report.instances_removed)
    assert counts == (2, 0, 2)


def test_replacing_annotations_takes_attributes_where_ids_are_those_of_a_copied_file(repository: Repository) -> None:
    put(repository, "a.jpg", entered=[box("dog")])
    copy(repository, [("a.jpg",)], ("b",), options=CopyOptions())
    said = replace(box("dog"), attributes={"occluded": True})
    report = put(repository, "b/a.jpg", data="a.jpg", entered=[said], replace_annotations=True)
    assert (report.instances_edited, report.instances_added, report.instances_removed) == (1, 0, 0)
    reader = repository.working_tree()
    (instance,) = reader.annotations(reader.record(file_at(repository, "b/a.jpg"))).instances
    assert instance.attributes == {"occluded": True}


def test_equal_instances_are_counted_not_merged(repository: Repository) -> None:
    put(repository, "a.jpg", entered=[box("dog"), box("dog")])
    assert labels_at(repository, "a.jpg") == ["dog", "dog"]
    assert put(repository, "a.jpg", entered=[box("dog"), box("dog"), box("dog")]).instances_added == 1


# What comes in is declared


def test_labels_are_numbered_by_the_tree(repository: Repository) -> None:
    labels = (
        LabelDeclaration("dog", 99, 18, "animal", "#aa0000"),
        LabelDeclaration("cat", 99, 17),
        LabelDeclaration("dog", 5),
    )
    add_files(repository, [], Declared(labels=labels), AddOptions(), "import")
    add_files(
        repository, [], Declared(labels=(LabelDeclaration("bird", 0), LabelDeclaration("dog", 0))), AddOptions(), "i"
    )
    assert repository.working_tree().tree.labels == (
        LabelDeclaration("dog", 0, 18, "animal", "#aa0000"),
        LabelDeclaration("cat", 1, 17),
        LabelDeclaration("bird", 2),
    )


def test_choices_are_added_to_those_that_are_there(repository: Repository) -> None:
    put(repository, "a.jpg", variables={"kind": "walnut"}, declared=[replace(KIND, required=True)])
    put(repository, "b.jpg", variables={"kind": "pecan"}, declared=[replace(KIND, choices=("pecan", "almond"))])
    assert repository.working_tree().tree.variables == (
        replace(KIND, choices=("walnut", "almond", "pecan"), required=True),
    )
    assert (values_at(repository, "a.jpg"), values_at(repository, "b.jpg")) == ({"kind": "walnut"}, {"kind": "pecan"})


@pytest.mark.parametrize(
    "wanted",
    [
        [replace(DPI, name="kind")],
        [replace(DPI, name="Kind")],
        [replace(DPI, name="width")],
        [DPI, replace(DPI, name="DPI")],
        [replace(KIND, name="other", choices=("a", "a"))],
        [VariableDeclaration("other", ValueType.INT, three_valued=True)],
    ],
)
def test_declarations_that_do_not_go_together(repository: Repository, wanted: list[VariableDeclaration]) -> None:
    put(repository, "a.jpg", declared=[KIND])
    before = repository.working_tree().id
    with pytest.raises(InvalidInputError):
        put(repository, "b.jpg", declared=wanted)
    assert repository.working_tree().id == before


def test_names_of_variables_and_choices_are_normalised(repository: Repository) -> None:
    declared = VariableDeclaration("Gro\u0308ße", ValueType.ENUM, ("gro\u0308ßer",))
    put(repository, "a.jpg", variables={"Größe": "größer"}, declared=[declared])
    assert values_at(repository, "a.jpg") == {"Größe": "größer"}


@pytest.mark.parametrize("variables", [{"dpi": 1}, {"kind": "brick"}, {"kind": 1}])
def test_a_value_that_its_declaration_does_not_allow(repository: Repository, variables: dict[str, int | str]) -> None:
    with pytest.raises(InvalidInputError, match="variable"):
        put(repository, "a.jpg", variables=variables, declared=[KIND])
    assert parse_path("a.jpg")[0] not in paths(repository)


def test_what_is_there_is_looked_up_in_order(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    """Files come by path, records lie by id: one by one, nearly each would decode a node of its own."""
    wanted = [f"many/{number}.jpg" for number in range(4_000)]
    put(repository, *wanted)
    monkeypatch.setattr(nodes.NodeCache.__init__, "__kwdefaults__", {"limit": 200_000})
    decoded: list[bytes] = []
    decode = nodes.decode_node
    monkeypatch.setattr(nodes, "decode_node", lambda data: decoded.append(data) or decode(data))
    assert put(repository, *wanted).unchanged == 4_000
    assert put(repository, *wanted, entered=[box("dog")]).completed == 4_000
    annotate(repository, [("many",)], Annotation(done=True, instances=()))
    remove(repository, [("many",)])
    assert len(decoded) < 1_000
