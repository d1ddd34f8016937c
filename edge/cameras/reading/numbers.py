"""One row of numbers for all frames of a session, however often its camera is opened."""

from __future__ import annotations

from dataclasses import replace

from edge.frame import Frame


class FrameNumbers:
    """Numbers frames on across openings, and counts what a camera dropped before anybody could read it.

    A camera counts its frames anew whenever it is opened. Here the first frame of an opening has the number of frames that
    were given before; what is missing between two was dropped.
    """

    def __init__(self) -> None:
        self._next = self._base = 0
        self.dropped = 0
        """Frames the devices gave that no read returned; grows only."""

    def begin(self) -> None:
        """A camera is opened; its own numbers start again from 0."""
        self._base = self._next

    def numbered(self, frame: Frame) -> Frame:
        """`frame` under the session's number."""
        sequence = max(self._next, self._base + frame.sequence)
        self.dropped += sequence - self._next
        self._next = sequence + 1
        return frame if sequence == frame.sequence else replace(frame, sequence=sequence)
