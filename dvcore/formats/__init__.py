"""Formats of data sets on the disk: what brings them into a repository, and out of it.

A format is one package, or one module, with a `Format` that reads it, or an `Exporter` that writes it, or both; none
imports another. What they share lies in layers, each of which imports only from those behind it: `reader` and `export`,
`disk` (what lies there), `stated` (what a source says), `texts` (how strangers write it). `intake` brings things in,
`export.outtake` out; `detect` and `exporters` list the formats.
"""
