"""The root: the one object of a remote that changes."""
