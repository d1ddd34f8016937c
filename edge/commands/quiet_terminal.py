"""The terminal while a screen owns it: no library writes over it."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from tempfile import TemporaryFile

LAST_BYTES = 4000


@contextmanager
def quiet_terminal() -> Iterator[None]:
    """What C libraries (OpenCV, FFmpeg, V4L2, drivers) write to standard error meanwhile goes to a file; if an exception ends
    the screen, the file's last lines follow on standard error.

    Textual draws through `sys.__stderr__`, which is kept on the terminal.
    """
    with TemporaryFile() as said:
        terminal, before = os.dup(2), sys.__stderr__
        screen = os.fdopen(os.dup(2), "w", encoding="utf-8", errors="replace")
        os.dup2(said.fileno(), 2)
        sys.__stderr__ = screen  # type: ignore[misc]  # where Textual's driver writes
        try:
            yield
        except BaseException:
            said.seek(0, os.SEEK_END)
            said.seek(max(0, said.tell() - LAST_BYTES))
            os.write(terminal, said.read())
            raise
        finally:
            screen.flush()
            sys.__stderr__ = before  # type: ignore[misc]
            os.dup2(terminal, 2)
            os.close(terminal)
            screen.close()
