"""The line to the terminal: whether it keeps up."""

from __future__ import annotations

import select
import sys


def line_is_full() -> bool:
    """Whether the terminal has not taken yet what was written: a slow ssh line, or a window that scrolls back.

    Textual writes on a thread of its own, but waits for it once 30 updates pile up; asked before each look, one does.
    """
    stream = sys.__stderr__  # what Textual writes to: standard output may be a pipe
    if stream is None or stream.closed:
        return False
    return not select.select([], [stream.fileno()], [], 0)[1]
