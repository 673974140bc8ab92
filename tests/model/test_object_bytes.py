"""Golden vectors: the bytes of every kind of object, and its id. `docs/format/objects.md` explains them."""

from dvcore.ids import AnnotationsId, BlobId, CommitId, FileId, InstanceId, ManifestId, NodeId, TreeId, digest
from dvcore.model.annotations import AnnotationSet, Instance, encode_annotations
from dvcore.model.commit import Commit, encode_commit
from dvcore.model.declarations import LabelDeclaration, VariableDeclaration
from dvcore.model.definition import Definition, Label
from dvcore.model.files import FileRecord, ImageFacts, encode_record
from dvcore.model.geometry import Box, Mask, Polygon
from dvcore.model.tree import Directory, FileEntry, Tree, encode_entry, encode_tree
from dvcore.model.values import ValueType

A, B, C = bytes(32), bytes([1] * 32), bytes([2] * 32)


def test_file_record() -> None:
    assert (
        encode_record(FileRecord(BlobId(A), 5, BlobId(A))).hex()
        == "93a466696c650182a4626c6f62c4200000000000000000000000000000000000000000000000000000000000000000a473697a6505"
    )
    full = FileRecord(
        blob=BlobId(A),
        size=70_000,
        split_key=BlobId(B),
        facts=ImageFacts(640, 480, "PNG", "RGB", 6, 16),
        annotations=AnnotationsId(C),
        variables={"location": "Reute", "dpi": 200},
        annotated=True,
    )
    assert digest(encode_record(full)).hex() == "7fd6aa2d8c49516fbdd376570e138e5e62b045f207f4e96c368fea351e758d2d"


def test_annotation_set() -> None:
    square = (0.0, 0.0, 1.0, 0.0, 1.0, 1.0)
    data = encode_annotations(
        AnnotationSet(
            {"Almond": True},
            (
                Instance(InstanceId(A), "dog", Box(1, 2, 3, 4.5), source="17", attributes={"occluded": False}),
                Instance(InstanceId(B), "nut", Polygon(((square,),)), box=Box(0, 0, 1, 1)),
                Instance(InstanceId(C), "nut", Mask(2, 3, b"06")),
            ),
        )
    )
    assert digest(data).hex() == "4542c7990ed384cb70bd77268233fe2968246e1672343c243e37f7be7f9d57ca"
    assert (
        encode_annotations(AnnotationSet({"Almond": True})).hex()
        == "93ab616e6e6f746174696f6e730181a97661726961626c657381a6416c6d6f6e64c3"
    )


def test_directory_entries() -> None:
    assert (
        encode_entry(FileEntry(FileId(B))).hex()
        == "9200c4200101010101010101010101010101010101010101010101010101010101010101"
    )
    assert (
        encode_entry(Directory(NodeId(B), 300, 5)).hex()
        == "9401c4200101010101010101010101010101010101010101010101010101010101010101cd012c05"
    )


def test_tree() -> None:
    assert (
        digest(encode_tree(Tree(Directory(NodeId(A), 0), NodeId(A)))).hex()
        == "9506a4d524af588cad8f2d7bdc674e7b850a8fe3893d78219397b4a0b989aeaf"
    )
    full = Tree(
        Directory(NodeId(A), 3, 1),
        NodeId(B),
        (
            VariableDeclaration("kind", ValueType.ENUM, ("walnut", "almond"), required=True),
            VariableDeclaration("sharp", ValueType.BOOL, three_valued=True),
        ),
        (LabelDeclaration("dog", 0, 18, "animal", "#aa0000"), LabelDeclaration("nut", 1)),
    )
    assert digest(encode_tree(full)).hex() == "af9b336bea27484389ff92da70ac878ff68a1a103ec2f117b797b4dad2a9e643"


def test_commit() -> None:
    plain = Commit(TreeId(A), (CommitId(B),), "Ada <ada@example.org>", 1_700_000_000_000_000, "200 walnuts relabelled")
    assert digest(encode_commit(plain)).hex() == "c9a95406f5d323ca43e77132ef8b45a565221e6a4e4277a7c3e2355e144dbbc1"
    definition = Definition(("nuts",), "dpi = 200", (Label("walnut", "has('walnut')"),))
    snapshot = Commit(TreeId(A), (CommitId(B), CommitId(C)), "Ada", 0, "snapshot nuts@1", definition, ManifestId(C))
    assert digest(encode_commit(snapshot)).hex() == "ba86ea3bfb5ce86beb27e6cbfcbb59108edf0f150a64ed6726d42995f4c3efe6"
