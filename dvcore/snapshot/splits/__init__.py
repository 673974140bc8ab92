"""Which split a file goes to, and how that came out."""
