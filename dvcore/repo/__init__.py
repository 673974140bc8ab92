"""The repository: where it lies on disk, what it holds, and every operation on its working state."""
