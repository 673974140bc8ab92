"""Bytes of shards: made, copied from older ones, assembled."""
