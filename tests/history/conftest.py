"""Every test here that takes a repository runs on one in memory and on one on disk, and leaves it sound."""

from support.repositories import repository

__all__ = ["repository"]
