"""What a remote holds: root and indexes opened together, values read by them, what one history has beyond another."""
