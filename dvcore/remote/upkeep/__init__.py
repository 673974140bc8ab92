"""Keeping a remote: collecting its garbage, checking it."""
