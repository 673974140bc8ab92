"""The way out, the same for all formats. `outtake` is its front, `exporting` the seam of the writers; `source` says
which files go out, `losses` counts what a format cannot hold, `out_folder` writes.
"""
