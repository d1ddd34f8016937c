"""The live screen: what the session sees, and the keys that steer it."""

from __future__ import annotations

from time import thread_time
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.widgets import Footer

from edge.session.events import FieldSeen, Session, Status
from edge.session.run_state import RunState
from edge.session.wishes import AddNote, NewSlide, Request
from edge.tui.line import line_is_full
from edge.tui.mailbox import Mail, Mailbox
from edge.tui.messages import EventsWaiting
from edge.tui.modes import Mode
from edge.tui.pace import Pace
from edge.tui.pictures.scene import Rendering
from edge.tui.screens.ask import AskScreen
from edge.tui.screens.mode_screen import ModeScreen
from edge.tui.widgets.counts import Counts, live_numbers
from edge.tui.widgets.instruments import Instruments
from edge.tui.widgets.ledger import LedgerLine
from edge.tui.widgets.notices import Notices
from edge.tui.widgets.picture import Picture, live_scene
from edge.tui.widgets.title import SimulatedBanner, TitleBar
from edge.tui.widgets.verdict import VerdictLine

_ASKING = ("ask", "next_slide", "note")


class LiveScreen(ModeScreen):
    """One session, live. It looks into the mailbox no oftener than `pace` allows, and while nothing comes, not at all;
    while another mode is looked at it only keeps what is newest."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("a", "ask('ACCEPT_FIELD')", "Accept"),
        Binding("t", "ask('TOGGLE_AUTO')", "Auto"),
        Binding("p", "ask('TOGGLE_PAUSE')", "Pause"),
        Binding("u", "ask('UNDO_FIELD')", "Undo"),
        Binding("n", "next_slide", "Next"),
        Binding("o", "note", "Note"),
        Binding("m", "ask('NEXT_METHOD')", "Method"),
        Binding("s", "ask('SNAPSHOT')", "Snap"),
        Binding("h", "mode('history')", "History", show=False),
        Binding("question_mark", "help", "Help", key_display="?"),
        Binding("q", "leave", "Quit"),
    ]

    def __init__(self, session: Session, rendering: Rendering, pace: Pace) -> None:
        super().__init__(Mode.LIVE, lambda: session.status)
        self._session = session
        self._rendering = rendering
        self._pace = pace
        self._mailbox = Mailbox(lambda: self.post_message(EventsWaiting()))
        self._field: FieldSeen | None = None
        self._status: Status = session.status
        self._spent_s = 0.0

    def compose(self) -> ComposeResult:
        yield TitleBar(Mode.LIVE)
        yield SimulatedBanner()
        with Horizontal(id="body"):
            yield Picture(self._rendering)
            with Vertical(id="panel"):
                yield Counts()
                yield Instruments()
        yield VerdictLine()
        yield Notices()
        yield LedgerLine()
        yield Footer(show_command_palette=False, compact=True)

    async def on_mount(self) -> None:
        await self._show(Mail(None, self._session.status, ()))
        self._spent_s = thread_time()
        self._session.start(self._mailbox.receive)

    async def on_screen_resume(self) -> None:
        """What came while another screen was looked at."""
        await self._draw(new_field=True)

    async def on_events_waiting(self) -> None:
        await self._look()

    async def _look(self) -> None:
        """Show what came in since the last look, and look again when the pace allows; sleep once nothing has.
        What a full line has not taken yet would only be put off more."""
        if line_is_full():
            self.set_timer(self._pace.shortest_s, self._look)
            return
        mail = self._mailbox.take()
        if mail is not None:
            drawn_s = await self._show(mail)
            # Of this thread all since the last look, with what Textual did of it afterwards.
            before_s, self._spent_s = self._spent_s, thread_time()
            self.set_timer(self._pace.after(drawn_s + self._spent_s - before_s), self._look)

    async def _show(self, mail: Mail) -> float:
        """Keep what came in and draw it; gives the seconds of processor time that the picture took."""
        if mail.notices:
            self.query_one(Notices).show(mail.notices)
        if mail.status is None:
            return 0.0
        self.query_one(Notices).follow(mail.status.run_state)
        self._field = mail.field or self._field
        before, self._status = self._status, mail.status
        changed = before.run_state is not mail.status.run_state
        if changed and RunState.FINISHED in (before.run_state, mail.status.run_state):
            self.refresh_bindings()
        return await self._draw(new_field=mail.field is not None or changed)

    async def _draw(self, *, new_field: bool) -> float:
        """The picture first, for it is waited for; then all the rest at once, so that Textual goes over the screen once and
        not twice: 3 ms of 10."""
        if self.app.current_mode != Mode.LIVE.value:
            return 0.0
        status, field, drawn_s = self._status, self._field, 0.0
        if field is not None and new_field and self.is_active:
            drawn_s = await self.query_one(Picture).show(live_scene(field, status))
        self.query_one(TitleBar).show(status)
        self.query_one(SimulatedBanner).show(status.simulated)
        self.set_class(status.simulated, "-simulated")
        self.query_one(Counts).show(live_numbers(None if field is None else field.count, status))
        self.query_one(Instruments).show(status)
        verdict = self.query_one(VerdictLine)
        verdict.show(field, status)
        self.set_class(verdict.wraps, "-wraps")
        self.query_one(LedgerLine).show(status.ledger)
        return drawn_s

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Nothing can be asked of a session that has finished: its keys are greyed out."""
        del parameters
        return None if action in _ASKING and self._status.run_state is RunState.FINISHED else True

    def action_ask(self, request: str) -> None:
        self._session.request(Request[request])

    def action_next_slide(self) -> None:
        """The question holds what ends, and the answer the specimen of what begins."""
        totals, specimen = self._status.totals, self._status.specimen
        fields = f"{totals.fields} {'field' if totals.fields == 1 else 'fields'}"
        question = f"End {totals.slide}, {fields}, and begin the next.\n\nSpecimen of the next slide:"

        def begin(answer: str | None) -> None:
            if answer is not None:
                self._session.request(NewSlide(None if answer == specimen else answer))

        self.app.push_screen(AskScreen(question, value=specimen, enter="begins it"), begin)

    def action_note(self) -> None:
        def keep(answer: str | None) -> None:
            if answer:
                self._session.request(AddNote(answer))

        question = f"Note on {self._status.totals.slide} and its last field:"
        self.app.push_screen(AskScreen(question, enter="keeps it"), keep)
