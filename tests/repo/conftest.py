"""Every test here that takes a repository runs on one in memory and on one on disk, and leaves it sound."""

from support.damage import damaged, store_and_blobs
from support.repositories import repository

__all__ = ["damaged", "repository", "store_and_blobs"]
