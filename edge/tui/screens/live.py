"""The live screen: what the session sees, and the keys that steer it."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.screen import Screen
from textual.widgets import Footer

from edge.session import FieldSeen, Request, RunState, Session, Status
from edge.tui.mailbox import Mail, Mailbox
from edge.tui.messages import EventsWaiting, LeaveRequested
from edge.tui.pictures.scene import Rendering
from edge.tui.screens.confirm import ConfirmScreen
from edge.tui.screens.help import HelpScreen
from edge.tui.widgets.counts import Counts
from edge.tui.widgets.instruments import Instruments
from edge.tui.widgets.ledger import LedgerLine
from edge.tui.widgets.notices import Notices
from edge.tui.widgets.picture import Picture
from edge.tui.widgets.title import SimulatedBanner, TitleBar
from edge.tui.widgets.verdict import VerdictLine


class LiveScreen(Screen[None]):
    """One session, live. It looks into the mailbox at most once in `interval_s`, and while nothing comes, not at all."""

    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (120, "-wide")]  # noqa: RUF012  # Textual declares it as of the instance
    VERTICAL_BREAKPOINTS = [(0, "-low"), (36, "-high")]  # noqa: RUF012
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("a", "ask('ACCEPT_FIELD')", "Accept"),
        Binding("t", "ask('TOGGLE_AUTO')", "Auto"),
        Binding("p", "ask('TOGGLE_PAUSE')", "Pause"),
        Binding("n", "new_slide", "New slide"),
        Binding("s", "ask('SNAPSHOT')", "Snapshot"),
        Binding("m", "ask('NEXT_METHOD')", "Method"),
        Binding("question_mark", "help", "Help", key_display="?"),
        Binding("q", "leave", "Quit"),
    ]

    def __init__(self, session: Session, rendering: Rendering, interval_s: float) -> None:
        super().__init__()
        self._session = session
        self._rendering = rendering
        self._interval_s = interval_s
        self._mailbox = Mailbox(lambda: self.post_message(EventsWaiting()))
        self._field: FieldSeen | None = None
        self._status: Status = session.status

    def compose(self) -> ComposeResult:
        yield TitleBar()
        yield SimulatedBanner()
        with Horizontal(id="body"):
            yield Picture(self._rendering)
            with Vertical(id="panel"):
                yield Counts()
                yield Instruments()
        yield VerdictLine()
        yield Notices()
        yield LedgerLine()
        yield Footer(show_command_palette=False)

    async def on_mount(self) -> None:
        await self._show(Mail(None, self._session.status, ()))
        self._session.start(self._mailbox.receive)

    async def on_events_waiting(self) -> None:
        await self._look()

    async def _look(self) -> None:
        """Show what came in since the last look, and look again after the interval; sleep once nothing has."""
        mail = self._mailbox.take()
        if mail is not None:
            await self._show(mail)
            self.set_timer(self._interval_s, self._look)

    async def _show(self, mail: Mail) -> None:
        self._field = mail.field or self._field
        if mail.notices:
            self.query_one(Notices).show(mail.notices)
        if mail.status is None:
            return
        finished = mail.status.run_state is RunState.FINISHED
        ended, self._status = finished and self._status.run_state is not RunState.FINISHED, mail.status
        self.query_one(TitleBar).show(mail.status)
        self.query_one(SimulatedBanner).show(mail.status.simulated)
        self.query_one(Counts).show(None if self._field is None else self._field.count, mail.status)
        self.query_one(Instruments).show(mail.status)
        self.query_one(VerdictLine).show(self._field, mail.status)
        self.query_one(LedgerLine).show(mail.status.ledger)
        await self.query_one(Picture).show(mail.field, mail.status)
        if ended:
            self.refresh_bindings()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Nothing can be asked of a session that has finished: its keys are greyed out."""
        del parameters
        return None if action in ("ask", "new_slide") and self._status.run_state is RunState.FINISHED else True

    def action_ask(self, request: str) -> None:
        self._session.request(Request[request])

    def action_new_slide(self) -> None:
        totals = self._status.totals
        fields = f"{totals.fields} {'field' if totals.fields == 1 else 'fields'}"
        question = f"End slide {totals.slide} with {fields} and begin a new one?"
        self.app.push_screen(ConfirmScreen(question), self._begin_slide)

    def _begin_slide(self, yes: bool | None) -> None:
        if yes:
            self._session.request(Request.NEW_SLIDE)

    def action_help(self) -> None:
        self.app.push_screen(HelpScreen())

    def action_leave(self) -> None:
        """Asks only where counting goes on by itself; what was counted is kept in any case."""
        if self._status.run_state is RunState.STREAMING and self._status.auto:
            self.app.push_screen(ConfirmScreen("Fields are being counted. Stop and quit?"), self._leave)
        else:
            self._leave(True)

    def _leave(self, yes: bool | None) -> None:
        if yes:
            self.post_message(LeaveRequested())
