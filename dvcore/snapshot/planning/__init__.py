"""What a definition makes of a tree, before any pixel."""
