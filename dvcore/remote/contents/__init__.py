"""What a remote holds: opened together, read from, compared with what another history has."""
