"""Remote stores: where repositories are pushed to and cloned from."""
