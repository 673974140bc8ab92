"""Snapshots that were taken: their names, where they lie, and what lies there beside the shards."""
