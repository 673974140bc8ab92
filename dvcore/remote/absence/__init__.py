"""Images that are not here: brought from remotes when they are needed, evicted where a remote has them."""
