"""Reads a snapshot of the repository in the current folder with TensorFlow: `python read.py classes@2`.

Prints a batch's shapes and how many images of each label every split has.
"""

import os
import sys

import dvcore

BATCH = 16


def main(name: str) -> None:
    """Go once through every split."""
    reader = dvcore.load(name)
    print(f"{name}: {', '.join(reader.labels)}")
    for split in reader.splits:
        totals, shapes = [0] * len(reader.labels), "no image"
        for images, onehot in reader.dataset(split, batch=BATCH):
            if shapes == "no image":
                shapes = f"a batch of images {images.shape} {images.dtype.name}, labels {onehot.shape}"
            totals = [total + int(number) for total, number in zip(totals, onehot.numpy().sum(axis=0), strict=True)]
        print(f"{split}: {shapes}")
        print("  " + ", ".join(f"{label} {total}" for label, total in zip(reader.labels, totals, strict=True)))


if __name__ == "__main__":
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")
    main(sys.argv[1])
