"""The sentence: camera → gate → prepare → infer → decode → count → record → show."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Event as Bell
from time import monotonic

from edge.cameras.reading.capture import CameraOpened, Capture
from edge.counting.counter import FieldCounter
from edge.frame import Frame
from edge.loop.closing import Closing
from edge.loop.engine_line import EngineLine
from edge.loop.inference import Inference
from edge.loop.intake import Intake, frame_of
from edge.loop.limits import Limits
from edge.loop.passage import Counted, Failed, Fit, Inferred, Passage, Resting, Through, TurnedAway
from edge.loop.record_desk import CountedField, RecordDesk
from edge.loop.rest import Rest
from edge.loop.rounds import Rounds
from edge.loop.run_machine import Cause
from edge.loop.session_thread import SessionThread
from edge.loop.settings import LoopSettings
from edge.loop.status_board import StatusBoard
from edge.loop.wishes import Wishes
from edge.optics.judge import Judge
from edge.optics.verdict import Rejected, Verdict
from edge.record.jobs import KeepRefused, NoteEvent
from edge.record.recording import Recording
from edge.session.events import Severity, Status, Subscriber
from edge.session.ledger import FrameState
from edge.session.run_state import FinishReason
from edge.session.running_ledger import RunningLedger
from edge.session.wall_clock import WallWatch, clock_trusted
from edge.session.wishes import Request, Wish
from edge.slide.counted_area import CountedArea

__all__ = ["Loop", "LoopSettings"]

TURN_S = 0.25
"""However idle, the loop goes round so often: a watchdog sees that it lives, and lateness is noticed."""


@dataclass(frozen=True, slots=True)
class Workers:
    """What takes time, each on a thread of its own: they ring `bell` when they have news, and enter in `ledger` what became of
    frames."""

    capture: Capture
    inference: Inference
    recording: Recording
    bell: Bell
    ledger: RunningLedger


@dataclass(frozen=True, slots=True)
class Clocks:
    """What says how late it is: `monotonic` for everything that is decided, the wall clock only to be written down."""

    monotonic: Callable[[], float] = monotonic
    wall: WallWatch = field(default_factory=WallWatch)
    trusted: Callable[[], bool | None] = clock_trusted


class Loop(SessionThread):
    """A session (see session.Session): one thread that decides, and three that do what takes time.

    ::

        camera ── Capture ──▶ ┌────────────────────────────┐ ──▶ Inference: prepare → infer
        live: 1, newest wins  │ this thread: gate, scale,  │ ◀──   1 frame, and 1 waits here
        finite: 2, it waits   │ decode, count, decide, tell│ ──▶ Recording: picture → commit
                              └────────────────────────────┘ ◀──   4 fields, then no frame is taken

    While one frame is inferred the next is judged and the one before is counted. Whoever has news rings the bell.
    """

    def __init__(
        self, workers: Workers, judge: Judge, counter: FieldCounter, area: CountedArea, settings: LoopSettings,
        clocks: Clocks | None = None,
    ) -> None:  # fmt: skip
        super().__init__()
        clocks = clocks or Clocks()
        capture, inference, recording, books = workers.capture, workers.inference, workers.recording, workers.ledger
        self._capture, self._inference, self._recording = capture, inference, recording
        self._settings, self._books, self._bell, self._clock = settings, books, workers.bell, clocks.monotonic
        self._judge, self._area = judge, area
        self._board = StatusBoard(capture.info, settings, books, counter.methods, self._clock)
        self._board.on_event = lambda kind, text: recording.submit(NoteEvent(kind, text))
        self._intake = Intake(capture, books, self._board)
        self._line = EngineLine(inference, counter, self._board, self._clock)
        self._desk = RecordDesk(recording, books, area, self._board)
        self._wishes = Wishes(self._bell.set, self._desk, counter, self._board)
        self._limits = Limits(settings, books, self._intake, self._line, self._desk, self._wishes, self._clock)
        self._rounds = Rounds(recording, books, self._board, clocks.wall, clocks.trusted, self._clock)
        self._closing = Closing(
            capture, inference, recording, books=books, board=self._board, intake=self._intake, line=self._line,
            desk=self._desk, bell=self._bell, clock=self._clock,
        )  # fmt: skip
        self._rest = Rest(area, counter)
        self._on_screen: Frame | None = None
        self._last_field_s = self._slide_s = self._clock()
        self._working = False

    @property
    def status(self) -> Status:
        return self._board.status

    def request(self, wish: Wish) -> None:
        self._wishes.put(wish)

    # The sentence.

    def _turn(self) -> bool:
        """Every word of the sentence, as far as a frame has come to it. Whether anything moved; else wait for the bell."""
        moved = self._wishes.obey(self._on_screen)
        moved |= self._desk.hear()  # record → show: what is on the disk since
        moved |= self._line.hear()  # prepare → infer: what is done, and the next begins
        for passage in self._line.through():  # decode → count
            self._conclude(passage)  # record → show
            moved = True
        self._begin_slide()
        if self._desk.opened and self._line.room(live=self._intake.live):
            news = self._intake.take(wanted=(wanted := self._wanted))  # camera
            moved |= news is not None
            if (frame := frame_of(news)) is not None and wanted:
                self._enter(frame)  # gate, and on to the engine
            elif isinstance(news, CameraOpened):
                self._judge.forget()
        self._intake.note_drops()
        self._rounds.go()
        self._board.turned()
        return moved

    def _enter(self, frame: Frame) -> None:
        """gate: judge a frame and let it in, in the place of one that a slow engine has held up."""
        if self._intake.live and frame.monotonic_s < self._slide_s:
            return self._books.end(FrameState.DROPPED)  # it shows the slide before
        since_s, scale = self._clock(), self._board.scale
        self._board.verdict = verdict = self._judge.verdict(frame, scale.cell_diameter_px if scale else None)
        if self._judge.frozen:
            self._judge.forget()
            self._capture.reopen("its picture is frozen")
        if self._intake.live and (late := self._line.give_way()) is not None:
            self._give_way(late)
        return self._line.enter(self._judged(frame, verdict), since_s)

    def _judged(self, frame: Frame, verdict: Verdict) -> TurnedAway | Resting | Fit:
        if isinstance(verdict, Rejected):
            return TurnedAway(frame, verdict)
        count = self._rest.count(frame, verdict) if self._settings.rests else None
        return Fit(frame, verdict) if count is None else Resting(frame, verdict, count)

    def _conclude(self, passage: Through) -> None:
        """record → show: a frame that has come through ends here, or is shown until the next one replaces it."""
        self._desk.take_down()
        self._on_screen = frame = passage.frame
        match passage:
            case TurnedAway(frame, verdict):
                self._books.end(FrameState.REJECTED, verdict.reason)
                self._desk.ask(KeepRefused(frame, verdict.reason.value))
                self._board.show(frame, verdict, None, FrameState.REJECTED)
            case Failed(frame, verdict, error):
                self._board.say(Severity.WARNING, f"frame {frame.sequence}: {error}")
                self._books.end(FrameState.FAILED)
                self._desk.ask(KeepRefused(frame, FrameState.FAILED.value))
                self._board.show(frame, verdict, None, FrameState.FAILED)
            case Resting(frame, verdict, count):
                self._books.end(FrameState.DUPLICATE)
                self._board.show(frame, verdict, count, FrameState.DUPLICATE)
            case Counted():
                self._rest.end()
                self._put_up(passage)

    def _put_up(self, passage: Counted) -> None:
        """A counted frame: seen already, or accepted, or shown for a person to accept."""
        frame, verdict, count = passage.frame, passage.verdict, passage.count
        known = self._area.known(frame.pixels)
        latency_ms = 1000.0 * (self._clock() - frame.monotonic_s)
        self._board.scale, self._board.overlap, self._board.latency_ms = count.scale, known.fraction, latency_ms
        again = known.fraction > self._settings.overlap_max
        if again and known.undone is None:
            self._rest.begin(count, verdict)
            self._books.end(FrameState.DUPLICATE)
            return self._board.show(frame, verdict, count, FrameState.DUPLICATE)
        undone = known.undone if again else None
        self._desk.put_up(CountedField(frame, verdict, passage.seen, count, latency_ms, self._line.engine, undone))
        due = self._clock() - self._last_field_s >= self._settings.interval_s
        if self._board.auto and due and undone is None and not self._limits.enough:
            self._last_field_s = self._clock()
            return self._desk.accept()  # it is shown as counted when it is on the disk
        return self._board.show(frame, verdict, count, None)

    def _give_way(self, late: Passage) -> None:
        """A live frame that was held up: dropped, where it had not come through already."""
        if isinstance(late, Inferred):
            late = self._line.read(late)
        if isinstance(late, Through):
            return self._conclude(late)
        self._books.end(FrameState.DROPPED)
        if self._board.machine.causes & {Cause.ENGINE_OPENING, Cause.ENGINE_REPAIRING}:
            self._board.show(late.frame, late.verdict, None, FrameState.DROPPED)  # the picture goes on without an engine
        return None

    def _begin_slide(self) -> None:
        if (slide := self._wishes.next_slide) is None or not self._desk.opened:
            return  # before it is open, an interrupted session's fields are still to come
        if self._intake.live:  # a moment later there is another; a file comes only once
            for _ in range(self._line.clear()):
                self._books.end(FrameState.DROPPED)
        if self._line.empty:
            self._wishes.next_slide, self._slide_s = None, self._clock()
            self._desk.begin_slide(slide)

    @property
    def _wanted(self) -> bool:
        """Whether frames go on to the gate."""
        held_up = self._board.machine.causes & {Cause.PERSON, Cause.DISK_FULL}
        return not (held_up or self._recording.full or self._wishes.next_slide is not None or self._limits.enough)

    # From its begin to its end.

    def _run(self, subscriber: Subscriber) -> FinishReason:
        reason = FinishReason.FAILED
        try:
            self._board.subscribe(subscriber)
            self._last_field_s = self._clock()
            self._limits.begin()
            self._board.changed()
            for text in self._settings.notices:
                self._board.say(Severity.WARNING, text)
            self._working = True
            self._wishes.own()
            self._recording.start()
            self._inference.start()
            while (over := self._limits.over()) is None:
                self._bell.clear()
                if not self._turn() and not self._wishes.waiting:
                    self._bell.wait(TURN_S)
            self._wishes.obey(self._on_screen)  # what was asked for before the end
            reason = over
        finally:
            reason = self._finish(reason)
        return reason

    def _finish(self, reason: FinishReason) -> FinishReason:
        return self._closing.close(reason, begun=self._working)

    def _stop(self) -> None:
        self._wishes.put(Request.STOP)
