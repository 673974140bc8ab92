"""Where a remote is: the seam of stores, and the kinds of store behind it."""
