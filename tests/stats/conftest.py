"""Repositories in memory and on disk, which every test leaves sound."""

from support.repositories import repository

__all__ = ["repository"]
