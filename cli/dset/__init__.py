"""The command line of dset: parses, calls the library, prints."""

__version__ = "0.1.0"
