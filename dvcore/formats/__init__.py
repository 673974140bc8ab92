"""Formats of data sets on the disk, and what brings them into a repository.

A format is one module with one `Format` value (`coco`, `images`, `folders`, `files`); none imports another. `intake` is
the way in, the same for all: `detect` picks the format, `walking` lists the files, `reading` reads those that changed,
`placing` puts annotations where they belong. `stat_cache` and `receipts` remember what was imported before.
"""
