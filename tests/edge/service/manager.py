"""A service manager that speaks the notify protocol: the listening end of a real datagram socket."""

from __future__ import annotations

import select
import socket
import uuid
from collections.abc import Callable
from pathlib import Path
from time import monotonic
from types import TracebackType


class Manager:
    """Used in `with`. `address` is what $NOTIFY_SOCKET has to be."""

    def __init__(self, folder: Path | None) -> None:
        """A path in `folder`, or without one a name in the abstract namespace."""
        self.address = f"@hemocam-test-{uuid.uuid4().hex}" if folder is None else str(folder / "notify")
        self.said: list[str] = []
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)

    def __enter__(self) -> Manager:
        self._socket.bind("\0" + self.address[1:] if self.address.startswith("@") else self.address)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._socket.close()
        if not self.address.startswith("@"):
            Path(self.address).unlink()

    def hear(self, timeout_s: float = 0.0) -> list[str]:
        """The lines of all messages that are there, or that begin to come within `timeout_s`; also kept in `said`."""
        lines: list[str] = []
        while select.select([self._socket], [], [], 0.0 if lines else timeout_s)[0]:
            lines += self._socket.recv(65536).decode().split("\n")
        self.said += lines
        return lines

    def wait_for(self, is_it: Callable[[str], bool], timeout_s: float, alive: Callable[[], bool] = lambda: True) -> str:
        """The first line from now on that is the one. Raises TimeoutError with all that was said."""
        until_s = monotonic() + timeout_s
        while monotonic() < until_s:
            for line in self.hear(0.2):
                if is_it(line):
                    return line
            if not alive():
                break
        raise TimeoutError(f"it never came, or the program ended; said: {self.said}")
