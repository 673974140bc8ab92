"""Definitions as people write and change them."""
