"""One row of numbers for all frames of a session, however often its camera is opened."""

from __future__ import annotations

from dataclasses import replace

from edge.frame import Frame


class FrameNumbers:
    """Numbers frames on across openings, and sums what the devices dropped before anybody could read it.

    A camera counts its frames and its drops anew whenever it is opened. Here the first frame of an opening has the number
    of frames that were given before, so that numbers count what the devices gave: what is missing between two was dropped.
    """

    def __init__(self) -> None:
        self._read = 0
        self._next = 0
        self._base = 0
        self._dropped_before = 0
        self._dropped_now = 0

    @property
    def dropped(self) -> int:
        """Frames the devices gave that no read returned; grows only."""
        return self._dropped_before + self._dropped_now

    @property
    def given(self) -> int:
        """Frames that the devices gave: read or dropped."""
        return self._read + self.dropped

    def begin(self) -> None:
        """A camera is opened; its own numbers start again from 0."""
        self._dropped_before, self._dropped_now = self.dropped, 0
        self._base = max(self._next, self.given)

    def numbered(self, frame: Frame, dropped: int) -> Frame:
        """`frame` under the session's number; `dropped` is what its camera says it has dropped since it was opened."""
        self.note(dropped)
        self._read += 1
        sequence = max(self._next, self._base + frame.sequence)
        self._next = sequence + 1
        return frame if sequence == frame.sequence else replace(frame, sequence=sequence)

    def spoiled(self, dropped: int) -> None:
        """A frame was given that nobody can use."""
        self.note(dropped)
        self._read += 1

    def note(self, dropped: int) -> None:
        """What the camera says it has dropped since it was opened, also after its last frame."""
        self._dropped_now = max(self._dropped_now, dropped)
