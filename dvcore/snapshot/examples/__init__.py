"""What goes into an example, kind by kind: `registry` says which module makes which feature."""
