"""What the faces of a session ask for, and the answers."""

from __future__ import annotations

from collections.abc import Callable
from queue import Empty, SimpleQueue
from threading import get_ident

from edge.counting.cell import CellClass
from edge.counting.counter import FieldCounter
from edge.frame import Frame
from edge.loop.record_desk import RecordDesk
from edge.loop.run_machine import Cause, Happening
from edge.loop.status_board import StatusBoard
from edge.record.jobs import KeepSnapshot, UndoField
from edge.session.events import Severity
from edge.session.wishes import AddNote, NewSlide, Request, Wish


class Wishes:
    """Wishes wait here from any thread; the loop's thread obeys them at every turn, in every state."""

    def __init__(self, ring: Callable[[], object], desk: RecordDesk, counter: FieldCounter, board: StatusBoard) -> None:
        """`ring` is called when there is one."""
        self._ring, self._desk, self._counter, self._board = ring, desk, counter, board
        self._wishes: SimpleQueue[Wish] = SimpleQueue()
        self._owner: int | None = None
        self.stop = False
        self.next_slide: NewSlide | None = None
        """Asked for; the loop begins it when the frames on their way, which are of the slide before, have come through."""

    def own(self) -> None:
        """This thread is the loop's."""
        self._owner = get_ident()

    def put(self, wish: Wish) -> None:
        """From any thread, and from a signal's handler."""
        self._wishes.put(wish)  # reentrant, as the documentation of queue says
        # A handler runs on the loop's thread at any place, also where that holds the bell's lock: it would wait for itself.
        if get_ident() != self._owner:
            self._ring()

    @property
    def waiting(self) -> bool:
        return not self._wishes.empty()

    def obey(self, on_screen: Frame | None) -> bool:
        """Do what was asked for; whether there was anything. `on_screen` is the last frame."""
        heard = False
        while True:
            try:
                wish = self._wishes.get_nowait()
            except Empty:
                return heard
            heard = True
            self._obey(wish, on_screen)

    def _obey(self, wish: Wish, on_screen: Frame | None) -> None:
        desk, board = self._desk, self._board
        match wish:
            case Request.ACCEPT_FIELD:
                desk.accept()
            case Request.UNDO_FIELD:
                desk.ask(UndoField())
            case Request.TOGGLE_AUTO:
                board.auto = not board.auto
                board.changed()
            case Request.TOGGLE_PAUSE:
                paused = Cause.PERSON in board.machine.causes
                board.happen(Happening.RESUMED if paused else Happening.PAUSED)
            case Request.SNAPSHOT if on_screen is not None:
                desk.ask(KeepSnapshot(on_screen))
            case Request.SNAPSHOT:
                board.say(Severity.INFO, "There is no picture to keep yet.")
            case Request.NEXT_METHOD:
                method = self._counter.next_method(CellClass.RBC)
                board.say(Severity.INFO, f"red cells are now counted by {method.value}")
                board.changed()
            case Request.STOP:
                self.stop = True
            case NewSlide():
                desk.take_down()
                self.next_slide = wish
            case AddNote():
                desk.ask(wish)
