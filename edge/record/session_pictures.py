"""A session's pictures: which are kept, and under which names."""

from __future__ import annotations

from pathlib import Path

from edge.frame import Frame
from edge.record.settings import SaveImages
from edge.record.store.errors import file_errors
from edge.record.store.images import write_frame
from edge.record.store.pictures import IMAGES, SNAPSHOTS, next_picture_number


class SessionPictures:
    """Writes the pictures of one session, none over another. All raise StoreError."""

    def __init__(self, folder: Path, session_id: str, save: SaveImages) -> None:
        """`folder` is the store's; a resumed session goes on behind its last picture."""
        self._folder, self._session_id, self._save = folder, session_id, save
        # Numbered here, as a camera that was opened anew may begin its sequence anew.
        self._number, self._snapshot = next_picture_number(folder, session_id), 1

    def counted(self, frame: Frame, slide_number: int) -> str | None:
        """Keep a counted field's picture; gives its path in the store's folder, None where none is kept."""
        return None if self._save is SaveImages.NONE else self._write(frame, str(slide_number))

    def refused(self, frame: Frame, reason: str) -> None:
        """Keep the picture of a frame that was not counted, where all are kept."""
        if self._save is SaveImages.ALL:
            self._write(frame, reason)

    def snapshot(self, frame: Frame) -> Path:
        """Keep this frame now, whatever is kept otherwise."""
        with file_errors(self._folder / SNAPSHOTS):
            while any((self._folder / SNAPSHOTS).glob(f"{self._session_id}-{self._snapshot:06d}*")):
                self._snapshot += 1
        return self._folder / write_frame(self._folder, frame, f"{SNAPSHOTS}/{self._session_id}-{self._snapshot:06d}")

    def discard(self, image: str) -> None:
        """Take away the picture of a field that could not be recorded."""
        path = self._folder / image
        with file_errors(path):
            path.unlink(missing_ok=True)

    def _write(self, frame: Frame, word: str) -> str:
        number, self._number = self._number, self._number + 1
        return write_frame(self._folder, frame, f"{IMAGES}/{self._session_id}/{word}-{number:06d}")
