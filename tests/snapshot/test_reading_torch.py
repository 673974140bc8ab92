"""Snapshots read with PyTorch, which is not among what dset installs."""

from collections import Counter

import numpy as np
import pytest
from support.datasets import drawn_repository, make_project
from support.reading import nut_repository, take_all_kinds

import dvcore
from dvcore.errors import InvalidInputError
from dvcore.model.definition import Split
from dvcore.snapshot.taking.take import take_snapshot

torch = pytest.importorskip("torch", reason="PyTorch is not installed: 'pip install torch' to run these tests")
pytestmark = pytest.mark.filterwarnings("ignore:This DataLoader will create")  # more workers than processors


@pytest.fixture(scope="module")
def nuts(tmp_path_factory):
    with nut_repository(tmp_path_factory.mktemp("nuts")) as made:
        take_all_kinds(made)
        yield dvcore.load("all@1", repository=made)


@pytest.fixture(scope="module")
def many(tmp_path_factory):
    """40 images in 3 files, one of them likely to have fewer examples than there are readers."""
    with drawn_repository(tmp_path_factory.mktemp("many"), 40) as made:
        make_project(made, splits=(Split("whole", "1", None, 3), Split("few", where="name < '002'", shards=2)))
        take_snapshot(made, "nuts")
        yield dvcore.load("nuts@1", repository=made)


def names(examples):
    return [name.decode() for name in examples]


def loaded(dataset, workers, **options):
    return names(torch.utils.data.DataLoader(dataset, batch_size=None, num_workers=workers, **options))


def as_rank(monkeypatch, rank, ranks):
    monkeypatch.setattr("dvcore.snapshot.reading.torch_examples._rank", lambda: (rank, ranks))


def test_images_and_labels_come_as_tensors(many):
    loader = torch.utils.data.DataLoader(many.torch("whole"), batch_size=8)
    images, onehot = next(iter(loader))
    assert (images.shape, images.dtype) == ((8, 3, 8, 12), torch.uint8)
    assert (onehot.shape, onehot.dtype) == ((8, 2), torch.float32)
    example = next(many.examples("whole", decode=True))
    assert np.array_equal(images[0].permute(1, 2, 0).numpy(), example["image/encoded"])


@pytest.mark.parametrize("workers", [0, 1, 2, 5])
@pytest.mark.parametrize("shuffle", [False, 3, True])
def test_each_example_comes_once_whatever_the_number_of_workers(many, workers, shuffle):
    for split in ("whole", "few"):
        dataset = many.torch(split, features=["image/filename"], shuffle=shuffle)
        found = loaded(dataset, workers)
        assert Counter(found) == Counter(names(one["image/filename"] for one in many.examples(split)))
        assert len(dataset) == len(found)


@pytest.mark.parametrize("workers", [0, 2])
@pytest.mark.parametrize("ranks", [2, 3, 7])
def test_ranks_share_the_examples_and_get_as_many_each(many, monkeypatch, ranks, workers):
    found = []
    for rank in range(ranks):
        as_rank(monkeypatch, rank, ranks)  # workers are forked, and have it from here
        dataset = many.torch("whole", features=["image/filename"], shuffle=1)
        own = loaded(dataset, workers)
        assert len(own) == len(dataset) == many.count("whole") // ranks
        found += own
    assert max(Counter(found).values()) == 1


def test_workers_that_are_not_forked_know_their_rank(many, monkeypatch):
    as_rank(monkeypatch, 1, 2)
    dataset = many.torch("whole", features=["image/filename"])
    own = loaded(dataset, 0)
    assert sorted(loaded(dataset, 2, multiprocessing_context="spawn")) == sorted(own)
    assert len(own) == many.count("whole") // 2


def test_ranks_must_agree_on_an_order(many, monkeypatch):
    as_rank(monkeypatch, 0, 2)
    with pytest.raises(InvalidInputError, match="shuffle=1"):
        next(iter(many.torch("whole", shuffle=True)))


def test_a_seed_makes_the_order_and_each_epoch_has_its_own(many):
    dataset = many.torch("whole", features=["image/filename"], shuffle=3)
    first = names(dataset)
    assert first == names(dataset) == names(many.torch("whole", features=["image/filename"], shuffle=3))
    dataset.set_epoch(1)
    second = names(dataset)
    assert first != second
    assert sorted(first) == sorted(second)
    assert first != names(many.torch("whole", features=["image/filename"], shuffle=4))


def test_workers_that_live_on_hear_of_the_epoch(many):
    dataset = many.torch("whole", features=["image/filename"], shuffle=3)
    loader = torch.utils.data.DataLoader(dataset, batch_size=None, num_workers=2, persistent_workers=True)
    first = names(loader)
    assert names(loader) == first
    dataset.set_epoch(1)
    assert names(loader) != first


def test_without_a_seed_passes_differ(many):
    dataset = many.torch("whole", features=["image/filename"], shuffle=True)
    for workers in (0, 2):
        assert len({tuple(loaded(dataset, workers)) for _ in range(4)}) > 1


def test_instances_come_as_torchvision_takes_them(nuts):
    found = {}
    for (_, thumb), targets in ((tuple(x.values()), y) for x, y in nuts.torch("whole")):
        assert thumb.shape == (1, 4, 6)
        found[targets["image/object"]["masks"].sum().item(), len(targets["image/object"]["labels"])] = targets
    both = found[40, 2]["image/object"]
    order = both["labels"].argsort()
    assert both["boxes"][order].tolist() == [[0, 0, 6, 4], [6, 2, 10, 6]]
    assert both["masks"][order].sum((1, 2)).tolist() == [24, 16]
    assert both["masks"].max() == 1
    assert found[40, 2]["image/segmentation/class"].dtype == torch.int64
    none = found[0, 0]["image/object"]
    assert (none["boxes"].shape, none["masks"].shape) == ((0, 4), (0, 8, 12))
    pose = found[16, 1]["image/pose"]["keypoints"]
    assert pose.tolist() == [[[1, 1, 2], [0, 0, 0], [11, 7, 1]]]
