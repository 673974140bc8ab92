"""One snapshot, from the plan to its name."""
