"""A session in a process of its own, to be killed: `python -m tests.campaigns.faulty.child FOLDER`.

Orders come as lines on standard input: a fault's name, `heal`, `pause`, `slide`. News goes out on standard output, an object a
line: `state`, `session`, `counted` (fields told as counted), `exit`. SIGTERM ends it as it does `hemocam log`.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from pathlib import Path
from threading import Thread
from typing import TextIO

from edge.session.events import Event, FieldSeen, Notice, Session
from edge.session.ledger import FrameState
from edge.session.wishes import NewSlide, Request
from tests.campaigns.faulty.sitting import faulty_sitting
from tests.campaigns.faulty.switchboard import Fault, Switchboard


class Reporter:
    """Says what a supervisor must know, at once: what is said is said before the process can be killed."""

    def __init__(self, out: TextIO) -> None:
        self._out = out
        self._state = ""
        self._counted = 0

    def __call__(self, event: Event) -> None:
        if isinstance(event, Notice):
            return
        if isinstance(event, FieldSeen) and event.state is FrameState.COUNTED:
            self._counted += 1
            self._say({"counted": self._counted, "session": event.status.session_id, "total": event.status.ledger.counted})
        if event.status.run_state.value != self._state:
            self._state = event.status.run_state.value
            self._say({"state": self._state, "session": event.status.session_id})

    def _say(self, news: dict[str, object]) -> None:
        self._out.write(json.dumps(news) + "\n")
        self._out.flush()


def obey(orders: TextIO, board: Switchboard, session: Session) -> None:
    """Do as the lines say, to the last."""
    for line in orders:
        match line.strip():
            case "heal":
                board.heal()
            case "pause":
                session.request(Request.TOGGLE_PAUSE)
            case "slide":
                session.request(NewSlide())
            case word:
                board.put_on(Fault(word))


def main(folder: Path) -> int:
    board = Switchboard()
    session = faulty_sitting(folder, board, resume=True)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: session.request(Request.STOP))
    Thread(target=obey, args=(sys.stdin, board, session), daemon=True).start()
    reason = session.run(Reporter(sys.stdout))
    print(json.dumps({"exit": reason.value}), flush=True)  # noqa: T201  # its standard output is for its supervisor
    return 0 if reason.value == "stopped" else 1


if __name__ == "__main__":
    code = main(Path(sys.argv[1]))
    sys.stdout.flush()
    os._exit(code)  # a thread that hangs on purpose must not keep the process
