"""Whether a snapshot is what it should be."""
