"""Who is writing a session: a lock that the kernel drops with its holder, however that dies."""

from __future__ import annotations

import fcntl
import os
import time
from pathlib import Path

from edge.record.store import meanings
from edge.record.store.errors import StoreBusy, StoreNotFound, file_errors


def _lock_path(folder: Path, session_id: str) -> Path:
    """Raises StoreNotFound where no session can have that name."""
    try:
        return folder / "running" / f"{meanings.session_id(session_id)}.lock"
    except ValueError as error:
        raise StoreNotFound(f"{folder}: {error}") from error


class RunningLock:
    """Held from here to `release`; the file tells a person the process's id. Raises StoreBusy where another holds it,
    StoreNotFound where no session can have that name."""

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
    try:
        path = _lock_path(folder, session_id)
        with file_errors(path):
            return _is_locked(path)
    except StoreNotFound:
        return False


def _is_locked(path: Path) -> bool:
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


def stale_locks(folder: Path) -> list[Path]:
    """Lock files that nobody holds: what a process that was killed leaves behind. They do no harm."""
    with file_errors(folder):
        return [path for path in sorted((folder / "running").glob("*.lock")) if not is_running(folder, path.stem)]


class FolderLock:
    """Many write a record at once (shared), a repair wants it for itself (exclusive). Held until `release`."""

    WAIT_S = 10.0

    def __init__(self, folder: Path, mode: int, wait_s: float) -> None:
        path = folder / "hemocam.lock"  # it stays: to remove a lock's file is to let two hold it
        with file_errors(path):
            self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
            until_s = time.monotonic() + wait_s
            while True:
                try:
                    fcntl.flock(self._descriptor, mode | fcntl.LOCK_NB)
                    return
                except BlockingIOError as error:
                    if time.monotonic() >= until_s:
                        os.close(self._descriptor)
                        doing = "repairing" if mode == fcntl.LOCK_SH else "writing"
                        raise StoreBusy(f"{folder}: another HemoCam is {doing} this record; wait for it or stop it") from error
                    time.sleep(0.05)
                except OSError:
                    os.close(self._descriptor)
                    raise

    @classmethod
    def shared(cls, folder: Path) -> FolderLock:
        """Raises StoreBusy where a repair holds it for longer than 10 s."""
        return cls(folder, fcntl.LOCK_SH, cls.WAIT_S)

    @classmethod
    def exclusive(cls, folder: Path) -> FolderLock:
        """Raises StoreBusy at once where anybody writes."""
        return cls(folder, fcntl.LOCK_EX, 0.0)

    def release(self) -> None:
        os.close(self._descriptor)
