"""Blobs that are on a remote and not here: bringing them when they are needed, and giving them up again."""
