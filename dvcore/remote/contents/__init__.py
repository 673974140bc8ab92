"""What a remote holds: its root and indexes opened together, values read from it, what one history has beyond another."""
