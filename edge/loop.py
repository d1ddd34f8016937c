"""The sentence: camera → frame → gate → prepare → infer → decode → count → record → show."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from threading import Event as Flag
from threading import Thread, current_thread
from time import monotonic

from edge.bookkeeping import Bookkeeping
from edge.cameras.camera import Camera, CameraLost, CameraNotFound, EndOfFrames, FrameUnreadable
from edge.counting.cells import CellClass
from edge.counting.counter import FieldCounter, Seen
from edge.counting.coverage import Coverage
from edge.counting.errors import CountingError
from edge.counting.field_count import FieldCount, Scale
from edge.frame import Frame
from edge.optics.gate import Gate
from edge.optics.stillness import Stillness
from edge.optics.verdict import Accepted, Rejected, Verdict
from edge.recorder import Recorder
from edge.session import (
    Event,
    FieldSeen,
    FinishReason,
    FrameState,
    Notice,
    Request,
    RunState,
    Severity,
    SlideTotals,
    Status,
    StatusChanged,
    Subscriber,
)  # fmt: skip
from edge.storage.errors import StoreError
from engines.contract import InferenceFailed

log = logging.getLogger(__name__)

READ_TIMEOUT_S = 5.0
PAUSE_S = 0.05
REOPEN_AFTER_S = (1.0, 2.0, 4.0, 8.0, 15.0)


@dataclass(frozen=True, slots=True)
class LoopPlan:
    """How a session runs. `auto` counts every fit field by itself; `overlap_max` is the share of a field that may have been
    counted before; a session ends after `stop_after_fields` or `stop_after_s`; fields are at least `interval_s` apart.
    `notices` are what the person must be told at the beginning, such as that another runtime was taken."""

    auto: bool
    model: str
    runtime: str
    overlap_max: float = 0.05
    stop_after_fields: int | None = None
    stop_after_s: float | None = None
    interval_s: float = 0.0
    notices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Shown:
    """A field that is on the screen, and may be accepted until the next one comes."""

    frame: Frame
    verdict: Accepted
    seen: Seen
    count: FieldCount


class Loop:
    """A session (see session.Session). All of its work is done on one thread, which owns camera, engine and record."""

    def __init__(
        self, camera: Camera, gate: Gate, stillness: Stillness | None, counter: FieldCounter, coverage: Coverage,
        open_recorder: Callable[[], Recorder], plan: LoopPlan, release: Callable[[], None],
    ) -> None:  # fmt: skip
        """`stillness` is None where frames are not of one moving stage (stills). `open_recorder` and `release` are called on
        the loop's thread, first and last."""
        self._camera, self._gate, self._stillness, self._counter, self._coverage = camera, gate, stillness, counter, coverage
        self._open_recorder, self._plan, self._release = open_recorder, plan, release
        self._requests: SimpleQueue[Request] = SimpleQueue()
        self._stopping = Flag()
        self._thread: Thread | None = None
        self._subscriber: Subscriber = lambda event: None
        self._auto, self._paused = plan.auto, False
        self._books = Bookkeeping()
        self._shown: _Shown | None = None
        self._last_frame: Frame | None = None
        self._scale: Scale | None = None
        self._focus: float | None = None
        self._overlap = 0.0
        self._latency_ms = 0.0
        self._frame_times: deque[float] = deque(maxlen=20)
        self._last_field_s = self._started_s = monotonic()
        self._totals = SlideTotals("slide 1")
        self._session_id = ""
        self._state = RunState.OPENING
        self._reason: FinishReason | None = None

    # What a face calls, from any thread.

    @property
    def status(self) -> Status:
        times = self._frame_times
        rate = (len(times) - 1) / (times[-1] - times[0]) if len(times) > 1 and times[-1] > times[0] else 0.0
        info = self._camera.info
        return Status(
            self._session_id, self._state, info.name, info.simulated, self._plan.model, self._plan.runtime, self._totals,
            self._books.ledger, dict(self._counter.methods), self._auto, self._scale, self._focus, self._overlap, rate,
            self._latency_ms, self._reason,
        )  # fmt: skip

    def start(self, subscriber: Subscriber) -> None:
        self._thread = Thread(target=self.run, args=(subscriber,), name="loop")
        self._thread.start()

    def request(self, request: Request) -> None:
        if request is Request.STOP:
            self._stopping.set()
        self._requests.put(request)

    def close(self) -> None:
        self._stopping.set()
        if self._thread is not None and self._thread is not current_thread():
            self._thread.join()

    # The loop's thread from here on.

    def run(self, subscriber: Subscriber) -> FinishReason:
        """The whole session, on this thread. Gives why it ended; what was committed before stays."""
        self._subscriber = subscriber
        reason = FinishReason.FAILED
        try:
            self._recorder = self._open_recorder()
            self._books.open(self._recorder)
            self._session_id, self._totals = self._recorder.session_id, self._recorder.totals
            for text in self._plan.notices:
                self._say(Severity.WARNING, text)
            reason = self._stream()
            self._replace_shown()
            self._books.finish(reason)
        except StoreError as error:
            reason = FinishReason.STORE_FAILED
            self._say(Severity.ERROR, str(error))
        finally:
            self._reason = reason
            if reason is FinishReason.FAILED:
                self._say(Severity.ERROR, "HemoCam failed; what was counted before is recorded. The log says why.")
            if self._shown is not None:  # the record failed with a field on the screen
                self._shown, self._books.ledger = None, self._books.ledger.with_frames(FrameState.DROPPED)
            try:
                self._release()
            finally:
                self._become(RunState.FINISHED)
        return reason

    def _stream(self) -> FinishReason:
        """Read the camera until the session ends, reopening a live one that was lost."""
        attempt = 0
        while True:
            try:
                with self._camera:
                    self._become(RunState.PAUSED if self._paused else RunState.STREAMING)
                    self._books.camera_opened()
                    while True:
                        self._obey()  # before the end is looked for: what was asked before a stop is done
                        if self._over():
                            return FinishReason.STOPPED
                        if self._paused and not self._camera.info.live:
                            self._stopping.wait(PAUSE_S)  # a finite source waits; a live one goes on and is dropped
                            continue
                        self._read_and_step()
                        attempt = 0
            except EndOfFrames:
                return FinishReason.END_OF_FRAMES
            except (CameraLost, CameraNotFound) as error:
                self._say(Severity.ERROR, str(error))
                if not self._camera.info.live or (isinstance(error, CameraNotFound) and self._books.ledger.captured == 0):
                    return FinishReason.CAMERA_LOST
                self._become(RunState.LOST)
                if self._stopping.wait(REOPEN_AFTER_S[min(attempt, len(REOPEN_AFTER_S) - 1)]):
                    return FinishReason.STOPPED
                attempt += 1

    def _read_and_step(self) -> None:
        try:
            frame = self._camera.read(READ_TIMEOUT_S)
        except FrameUnreadable as error:
            self._say(Severity.WARNING, str(error))
            return self._books.end(FrameState.FAILED)
        return self._step(frame)

    def _step(self, frame: Frame) -> None:
        """One frame through the sentence; it ends in one state of the ledger, here or when the next one replaces it."""
        self._books.note_drops(self._camera.dropped)
        self._frame_times.append(frame.monotonic_s)
        if self._paused:  # the field on the screen stays, and may still be accepted
            return self._books.end(FrameState.DROPPED)
        self._replace_shown()
        self._last_frame = frame
        verdict = self._judge(frame)
        if isinstance(verdict, Rejected):
            self._books.reject(verdict.reason)
            self._recorder.refuse(frame, verdict.reason.value)
            return self._publish(frame, verdict, None, FrameState.REJECTED)
        try:
            seen = self._counter.see(frame.pixels, frame.um_per_px)
            count = self._counter.counted(seen)
        except (InferenceFailed, CountingError) as error:
            self._say(Severity.WARNING, f"frame {frame.sequence}: {error}")
            self._books.end(FrameState.FAILED)
            self._recorder.refuse(frame, FrameState.FAILED.value)
            return self._publish(frame, verdict, None, FrameState.FAILED)
        self._scale = count.scale
        self._latency_ms = 1000.0 * (monotonic() - frame.monotonic_s)
        self._overlap = self._coverage.overlap(frame.pixels).fraction
        self._shown = _Shown(frame, verdict, seen, count)
        if self._overlap > self._plan.overlap_max:
            self._shown = None
            self._books.end(FrameState.DUPLICATE)
            return self._publish(frame, verdict, count, FrameState.DUPLICATE)
        if self._auto and monotonic() - self._last_field_s >= self._plan.interval_s:
            return self._accept()
        return self._publish(frame, verdict, count, None)

    def _judge(self, frame: Frame) -> Verdict:
        verdict = self._gate.judge(frame.pixels, self._scale.cell_diameter_px if self._scale else None)
        self._focus = verdict.quality.focus
        if self._stillness is not None and isinstance(verdict, Accepted):
            return self._stillness.judge(frame.pixels, verdict, self._scale.cell_diameter_px if self._scale else None)
        return verdict

    def _accept(self) -> None:
        """Commit the field on the screen; only then is it in the totals."""
        shown, self._shown = self._shown, None
        if shown is None:
            return self._say(Severity.WARNING, "There is no counted field to accept: wait for a still, sharp picture.")
        count = self._counter.compared(shown.seen, shown.count)
        self._books.commit(shown.frame, count, shown.verdict.quality.focus, self._latency_ms)
        self._totals, self._last_field_s = self._recorder.totals, monotonic()
        self._coverage.add(shown.frame.pixels)
        return self._publish(shown.frame, shown.verdict, count, FrameState.COUNTED)

    def _obey(self) -> None:
        """Answer what the faces have asked for since the last frame."""
        while True:
            try:
                request = self._requests.get_nowait()
            except Empty:
                break
            match request:
                case Request.ACCEPT_FIELD:
                    self._accept()
                case Request.TOGGLE_AUTO:
                    self._auto = not self._auto
                    self._become(self._state)
                case Request.TOGGLE_PAUSE:
                    self._paused = not self._paused
                    self._become(RunState.PAUSED if self._paused else RunState.STREAMING)
                case Request.NEW_SLIDE:
                    self._recorder.new_slide()
                    self._coverage.clear()
                    self._totals = self._recorder.totals
                    self._say(Severity.INFO, f"{self._totals.slide} begun")
                    self._become(self._state)
                case Request.SNAPSHOT if (frame := self._last_frame) is not None:
                    self._say(Severity.INFO, f"picture kept as {self._recorder.snapshot(frame, f'{frame.sequence:06d}')}")
                case Request.SNAPSHOT:
                    self._say(Severity.WARNING, "There is no picture to keep yet.")
                case Request.NEXT_METHOD:
                    method = self._counter.next_method(CellClass.RBC)
                    self._say(Severity.INFO, f"red cells are now counted by {method.value}")
                case Request.STOP:
                    self._stopping.set()

    def _over(self) -> bool:
        plan = self._plan
        enough = plan.stop_after_fields is not None and self._books.ledger.counted >= plan.stop_after_fields
        late = plan.stop_after_s is not None and monotonic() - self._started_s >= plan.stop_after_s
        return self._stopping.is_set() or enough or late

    def _replace_shown(self) -> None:
        if self._shown is not None:
            self._shown = None
            self._books.end(FrameState.DROPPED)

    def _publish(self, frame: Frame, verdict: Verdict, count: FieldCount | None, state: FrameState | None) -> None:
        self._tell(FieldSeen(frame, verdict, count, state, self.status))

    def _become(self, state: RunState) -> None:
        self._state = state
        self._tell(StatusChanged(self.status))

    def _say(self, severity: Severity, text: str) -> None:
        log.log({"information": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}[severity.value], text)
        self._tell(Notice(severity, text))

    def _tell(self, event: Event) -> None:
        self._subscriber(event)
