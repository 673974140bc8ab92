"""What an example may hold, as the definition says it: kinds, names, keys, options. Files are not looked at."""
