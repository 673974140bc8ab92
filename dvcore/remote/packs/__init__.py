"""Packs: many objects or blobs in one object of a store."""
