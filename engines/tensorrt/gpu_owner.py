"""The one thread that owns the GPU: its context, and everything that is made in it."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Callable
from concurrent.futures import Future, InvalidStateError
from concurrent.futures import TimeoutError as AnswerLate
from contextlib import ExitStack
from dataclasses import dataclass
from queue import Full, Queue
from threading import Lock, Thread
from types import ModuleType
from typing import Any, Generic, TypeVar

from engines.contract import InferenceFailed, RuntimeMissing

log = logging.getLogger(__name__)

WAITING = 8
"""Requests that may wait for the GPU. Who comes later waits to be let in: a frame's source drops frames, not this queue."""

Worker = TypeVar("Worker")
Answer = TypeVar("Answer")


def load_cuda() -> ModuleType:
    """pycuda's driver module. Raises RuntimeMissing with the cure where pycuda or the NVIDIA driver is not there."""
    try:
        import pycuda.driver as cuda  # noqa: PLC0415  # an optional dependency: no module may need it to be imported
    except ImportError as error:
        # Without a driver the file is missing; a build that did not link it misses its functions instead.
        if "libcuda" in str(error) or "undefined symbol: cu" in str(error):
            raise RuntimeMissing(
                f"pycuda finds no NVIDIA driver ({error}); install the driver (on a Jetson: JetPack), or use --runtime cpu"
            ) from error
        raise RuntimeMissing(
            f"pycuda cannot be imported ({error}); install it with: pip install pycuda (it compiles: CUDA's nvcc must be on "
            "the PATH), or use --runtime cpu"
        ) from error
    module: ModuleType = cuda
    return module


@dataclass(frozen=True, slots=True)
class Gpu:
    """A device as a plan's key names it. `driver` and `runtime` are CUDA versions, as (12, 6); `runtime` is pycuda's."""

    name: str
    compute_capability: tuple[int, int]
    driver: tuple[int, int]
    runtime: tuple[int, ...]
    integrated: bool

    def __str__(self) -> str:
        return self.name


def describe_gpu(cuda: Any, index: int = 0) -> Gpu:
    """What device `index` is; needs no context. Raises RuntimeMissing where there is none."""
    try:
        cuda.init()
        device = cuda.Device(index)
        version = cuda.get_driver_version()
        major, minor = device.compute_capability()
        integrated = bool(device.get_attribute(cuda.device_attribute.INTEGRATED))
        return Gpu(
            device.name(), (major, minor), (version // 1000, version % 1000 // 10), tuple(cuda.get_version()), integrated
        )
    except cuda.Error as error:
        raise RuntimeMissing(f"CUDA has no device {index} here ({error}); look at nvidia-smi, or use --runtime cpu") from error


class GpuOwner(Generic[Worker]):
    """A thread that holds the device's primary context pushed, makes a worker in it and answers requests with it.

    CUDA binds a context to the thread that pushed it, and pycuda every allocation to the thread that made it: nothing that
    lives on the GPU ever leaves this thread. The primary context is the one that TensorRT and onnxruntime use too.
    Any thread may `call`; `close` waits until everything is released, in the reverse of the order in which it was made.
    """

    def __init__(
        self, cuda: Any, make: Callable[[ExitStack], Worker], device_index: int = 0, *, timeout_s: float = 60.0
    ) -> None:
        """`make` is called on the thread; what it pushes on the stack is released there, after the device has finished.

        `timeout_s` is how long a request may take before the GPU counts as hung. Raises what `make` raises, RuntimeMissing
        where there is no device.
        """
        self._cuda, self._device_index, self._timeout_s = cuda, device_index, timeout_s
        self._make: Callable[[ExitStack], Worker] | None = make
        self._requests: Queue[tuple[Callable[[Worker], Any], Future[Any]] | None] = Queue(WAITING)
        self._closing = Lock()
        self._closed = False
        self._hung = False
        opened: Future[None] = Future()
        # A daemon, so that a forgotten engine never keeps the program from ending; its owner closes it in `with` or at exit.
        self._thread = Thread(target=self._own, args=(opened,), name="gpu-owner", daemon=True)
        self._thread.start()
        try:
            opened.result()
        except BaseException:
            # Also where someone pressed Ctrl-C while it opened: the thread is then told to end, and releases what it made.
            self._closed = True
            self._requests.put(None)
            self._thread.join()
            raise

    def call(self, request: Callable[[Worker], Answer]) -> Answer:
        """What `request` gives on the owner's thread; what it raises is raised here.

        Raises InferenceFailed where the owner is closed or the GPU does not answer.
        """
        answer: Future[Answer] = Future()
        with self._closing:
            # Under the lock, so that no request comes behind the last one, which nobody would answer.
            if self._closed:
                raise InferenceFailed("the engine is closed")
            if self._hung:
                raise InferenceFailed("the GPU stopped answering; end the program, and look at dmesg for its driver's errors")
            try:
                self._requests.put((request, answer), timeout=self._timeout_s)
            except Full as error:
                self._hung = True
                raise InferenceFailed(f"the GPU took no request for {self._timeout_s:.0f} s") from error
        try:
            return answer.result(self._timeout_s * (1 + self._requests.qsize()))
        except AnswerLate as error:
            if answer.done():
                raise  # the request's own
            self._hung = True
            raise InferenceFailed(f"the GPU did not answer for {self._timeout_s:.0f} s") from error

    def close(self) -> None:
        """Release everything on the owner's thread and wait for it; a second time does nothing."""
        with self._closing:
            if self._closed:
                return
            self._closed = True
            if self._hung:
                log.error("the GPU does not answer: its memory is released when the program ends")
                return
            self._requests.put(None)
        self._thread.join()

    def _own(self, opened: Future[None]) -> None:
        try:
            with ExitStack() as held:
                worker = self._open(held)
                opened.set_result(None)
                self._serve(worker)
                del worker
        except Exception as error:  # noqa: BLE001  # not swallowed: it is raised where the owner is made, or logged
            _empty_frames(error)
            try:
                opened.set_exception(error)
            except InvalidStateError:
                # It was open and served: what failed is a release. The caller has its results; the log has this.
                log.exception("the GPU was not released as it should be")

    def _open(self, held: ExitStack) -> Worker:
        cuda = self._cuda
        describe_gpu(cuda, self._device_index)
        try:
            context = cuda.Device(self._device_index).retain_primary_context()
            # pycuda 2026.1's own destructor calls the detach of an ordinary context: it warns on the terminal, and the primary
            # context stays retained (seen with a libcuda that counts). Detached by name it is released.
            held.callback(context.detach)
            context.push()
        except cuda.Error as error:
            raise RuntimeMissing(f"the GPU gives no context ({error}); look at nvidia-smi, or use --runtime cpu") from error
        # The stack runs backwards: finish what is running, release what was made, pop, detach.
        held.callback(context.pop)
        made = held.enter_context(ExitStack())
        held.callback(context.synchronize)
        # Called once: a plan that it holds need not stay in memory.
        make, self._make = self._make, None
        assert make is not None
        try:
            return make(made)
        except Exception as error:
            _empty_frames(error)  # before what was made is released: it is to go in its order
            raise

    def _serve(self, worker: Worker) -> None:
        while (waiting := self._requests.get()) is not None:
            request, answer = waiting
            try:
                answer.set_result(request(worker))
            except Exception as error:  # noqa: BLE001  # not swallowed: it is raised where the request came from
                _empty_frames(error)
                answer.set_exception(error)
            # Nothing of a request may hold GPU objects while the thread waits for the next.
            del waiting, request, answer


def _empty_frames(error: BaseException | None) -> None:
    """Let the error's frames, and those of what led to it, forget their locals. It leaves this thread and may be kept for long;
    a stream or a buffer among the locals would be freed by the thread that lets go of the error last."""
    seen: set[int] = set()
    waiting = [error]
    while waiting:
        one = waiting.pop()
        if one is not None and id(one) not in seen:
            seen.add(id(one))
            traceback.clear_frames(one.__traceback__)
            waiting += [one.__cause__, one.__context__]
