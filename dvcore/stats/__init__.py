"""What a set of files is like: counts by directory and label, sizes, areas, values of variables.

`collecting` goes through a tree once and fills a `Tally`; `statistics` turns that into numbers; `document` gives them
as JSON and `page` as HTML. `docs/stats.md` says what each number means. This package needs numpy.
"""
