"""Who is writing a session: a lock that the kernel drops with its holder, however that dies."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from edge.storage.errors import StoreBusy, file_errors


def _lock_path(folder: Path, session_id: str) -> Path:
    return folder / "running" / f"{session_id}.lock"


class RunningLock:
    """Held from here to `release`; the file tells a person the process's id. Raises StoreBusy where another holds it."""

    def __init__(self, folder: Path, session_id: str) -> None:
        self._path = _lock_path(folder, session_id)
        with file_errors(self._path):
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
            try:
                fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                os.ftruncate(self._descriptor, 0)
                os.write(self._descriptor, f"{os.getpid()}\n".encode())
            except BlockingIOError as error:
                os.close(self._descriptor)
                raise StoreBusy(f"{self._path}: another process is writing this session; stop it first") from error
            except OSError:
                os.close(self._descriptor)
                raise

    def release(self) -> None:
        """Let go and remove the file."""
        with file_errors(self._path):
            self._path.unlink(missing_ok=True)
            os.close(self._descriptor)


def is_running(folder: Path, session_id: str) -> bool:
    """Whether a living process holds the session's lock."""
    path = _lock_path(folder, session_id)
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    except PermissionError:
        return True  # somebody else's file that we may not even open: the honest guess is that they are at work
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False
