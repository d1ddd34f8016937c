"""The notify protocol: lines of KEY=value, one datagram a message, to the socket that the service manager named.

The protocol is stable and needs no library: https://www.freedesktop.org/software/systemd/man/latest/sd_notify.html.
"""

from __future__ import annotations

import logging
import os
import socket
from collections.abc import Mapping

log = logging.getLogger(__name__)

READY = "READY=1"
STOPPING = "STOPPING=1"
WATCHDOG = "WATCHDOG=1"
SOCKET = "NOTIFY_SOCKET"
SEND_TIMEOUT_S = 1.0
"""A service manager that does not read its socket must not hold us for longer."""
LONGEST_STATUS = 200


def status_line(text: str) -> str:
    """`text` as STATUS=, which `systemctl status` shows: one line, cut where it is long."""
    line = " ".join(text.split())
    return f"STATUS={line if len(line) <= LONGEST_STATUS else line[: LONGEST_STATUS - 1] + '…'}"


def extend_timeout(seconds: float) -> str:
    """Asks for so much more time to start or to stop than the unit gives."""
    return f"EXTEND_TIMEOUT_USEC={int(seconds * 1_000_000)}"


class Notifier:
    """Tells the service manager, where there is one; without one every message goes nowhere."""

    def __init__(self, address: str | None) -> None:
        """`address` is a path, or a name in the abstract namespace behind an @; None: nobody listens."""
        self._address = address
        self._failed = False

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> Notifier:
        """As $NOTIFY_SOCKET says. Another kind of address (vsock, of a virtual machine's own manager) is none of ours."""
        address = environment.get(SOCKET, "")
        if address and address[0] not in "/@":
            log.warning(
                "%s is %r, neither a path nor an abstract name: the service manager is not told anything", SOCKET, address
            )
            return cls(None)
        return cls(address or None)

    @property
    def listened_to(self) -> bool:
        return self._address is not None

    def tell(self, *lines: str) -> bool:
        """Send the lines as one message. Gives whether it went; the first failure in a row is a warning in the log."""
        if self._address is None or not lines:
            return False
        name = "\0" + self._address[1:] if self._address.startswith("@") else self._address
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sending:
                sending.settimeout(SEND_TIMEOUT_S)
                sending.sendto("\n".join(lines).encode(), name)
        except OSError as error:
            if not self._failed:
                log.warning("the service manager cannot be told at %s: %s; it may restart this program", self._address, error)
            self._failed = True
            return False
        self._failed = False
        return True
