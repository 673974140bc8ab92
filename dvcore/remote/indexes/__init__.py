"""Indexes: which value is in which pack, and where."""
