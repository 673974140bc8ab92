"""Output page by page: on a terminal through a pager, elsewhere as it is."""

import sys
from contextlib import AbstractContextManager, nullcontext


def paged() -> AbstractContextManager[None]:
    """What is printed inside goes through `PAGER`, or `less`, where standard output is a terminal.

    A reader who has seen enough ends the output, which is no error. Without a pager it is printed as ever.
    """
    if not sys.stdout.isatty():
        return nullcontext()
    from dset.pager import through_pager  # noqa: PLC0415 - 8 ms with subprocess, which only a terminal needs

    return through_pager()
