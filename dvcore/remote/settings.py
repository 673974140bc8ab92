"""The remotes that a repository names: addresses and options in its settings, never secrets."""
