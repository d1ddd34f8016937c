"""A recorded double of cv2.VideoCapture, for the cameras that need hardware."""

from __future__ import annotations

from collections.abc import Sequence
from threading import Event
from typing import Any

import cv2
import numpy as np
import pytest


class RecordedCapture:
    """Plays `pictures` (BGR, as OpenCV gives them) again and again, one every `period_s`.

    After `last` pictures it `then` either fails (`read` is False), hangs until `freed` is set, or raises cv2.error.
    `settings` logs every set(); get() answers from `mode`, which set() changes only where `grants` says so.
    """

    def __init__(
        self,
        pictures: Sequence[Any],
        *,
        last: int | None = None,
        then: str = "fails",
        period_s: float = 0.002,
        opens: bool = True,
        grants: bool = True,
    ) -> None:
        self.pictures, self.last, self.then, self.period_s = pictures, last, then, period_s
        self.opens, self.grants = opens, grants
        self.given = 0
        self.released = Event()
        self.freed = Event()
        self.settings: list[tuple[int, float]] = []
        self.mode: dict[int, float] = {cv2.CAP_PROP_FRAME_WIDTH: 64, cv2.CAP_PROP_FRAME_HEIGHT: 48, cv2.CAP_PROP_FPS: 30}

    def isOpened(self) -> bool:  # noqa: N802  # OpenCV's name
        return self.opens

    def set(self, property_id: int, value: float) -> bool:
        self.settings.append((property_id, value))
        if self.grants:
            self.mode[property_id] = value
        return True

    def get(self, property_id: int) -> float:
        return self.mode.get(property_id, 0.0)

    def read(self) -> tuple[bool, Any]:
        if self.last is not None and self.given >= self.last:
            if self.then == "raises":
                raise cv2.error("the recorded device fails")
            if self.then == "hangs":
                self.freed.wait(30)
            return False, None
        Event().wait(self.period_s)
        picture = self.pictures[self.given % len(self.pictures)]
        self.given += 1
        return True, None if picture is None else np.array(picture)

    def release(self) -> None:
        self.released.set()


@pytest.fixture
def recorded() -> type[RecordedCapture]:
    return RecordedCapture
