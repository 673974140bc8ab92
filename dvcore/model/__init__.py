"""Pure data: what the repository is made of, and the bytes that each thing is stored as."""
