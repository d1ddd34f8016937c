"""A CUDA without a GPU, by pycuda's names and with what pycuda and CUDA insist on.

Contexts and allocations belong to the thread that made them and work only while the context is pushed there; nothing works
once it is freed; work is queued on a stream and done when somebody waits for it, reading what the memory holds by then.
What real hardware would punish later, or not at all, is raised at once or kept in `faults`.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any
from weakref import WeakValueDictionary

import numpy as np
from numpy.typing import NDArray


class Error(Exception):
    """The base of all, as in pycuda."""


class LogicError(Error):
    """Something was used in a way that it must not be."""


class NoDevice(Error):
    """pycuda calls it RuntimeError."""


class OutOfMemory(Error):
    """pycuda calls it MemoryError; it is no MemoryError of Python's."""


class Made:
    """Anything that lives in a context. Freed once, by its own thread, with the context pushed."""

    kind = "thing"

    def __init__(self, cuda: CudaDouble) -> None:
        cuda.need_context(f"make {self.kind}")
        self.cuda, self.thread, self.freed = cuda, threading.get_ident(), False
        cuda.alive[self.kind] += 1
        cuda.made[self.kind] += 1

    def use(self, what: str) -> None:
        if self.freed:
            raise LogicError(f"{what} after {self.kind} was freed")
        if threading.get_ident() != self.thread:
            raise LogicError(f"{what}: {self.kind} was made on another thread")
        self.cuda.need_context(what)

    def free(self) -> None:
        self.use(f"free {self.kind}")
        if self.cuda.pending and self.kind != "event":
            self.cuda.faults.append(f"{self.kind} freed while the stream still had work")
        self._gone()

    def _gone(self) -> None:
        self.freed = True
        self.cuda.alive[self.kind] -= 1
        self.cuda.released.append(self.kind)

    def __del__(self) -> None:
        if getattr(self, "freed", True):
            return
        if threading.get_ident() != self.thread:
            self.cuda.faults.append(f"{self.kind} was forgotten on another thread than its own: leaked")
        elif not self.cuda.stack():
            self.cuda.faults.append(f"{self.kind} was forgotten without a context")
        else:
            self._gone()


class Context:
    def __init__(self, cuda: CudaDouble) -> None:
        self.cuda, self.thread, self.detached = cuda, threading.get_ident(), False
        cuda.alive["context"] += 1

    def push(self) -> None:
        if threading.get_ident() != self.thread:
            raise LogicError("cannot push a context that another thread retained")
        self.cuda.stack().append(self)

    def pop(self) -> None:
        if not self.cuda.stack() or self.cuda.stack()[-1] is not self:
            raise LogicError("context::pop failed: invalid device context - cannot pop non-current context")
        self.cuda.stack().pop()
        self.cuda.released.append("pop")

    def synchronize(self) -> None:
        self.cuda.need_context("synchronise")
        self.cuda.released.append("synchronise")
        self.cuda.finish()

    def detach(self) -> None:
        if threading.get_ident() != self.thread:
            raise LogicError("cannot detach a context that another thread retained")
        if self in self.cuda.stack():
            self.cuda.faults.append("the context was detached while it was pushed")
        self.detached = True
        self.cuda.alive["context"] -= 1
        self.cuda.released.append("detach")

    def __del__(self) -> None:
        if not self.detached:  # pycuda 2026.1 then warns on the terminal and keeps the primary context for ever
            self.cuda.faults.append("the context was forgotten without detaching it")


class Device:
    def __init__(self, cuda: CudaDouble, index: int) -> None:
        if not 0 <= index < cuda.devices:
            raise LogicError("cuDeviceGet failed: invalid device ordinal")
        self.cuda = cuda

    def name(self) -> str:
        return "Double GPU"

    def compute_capability(self) -> tuple[int, int]:
        return (8, 7)

    def get_attribute(self, attribute: str) -> int:
        return {"INTEGRATED": 1}[attribute]

    def retain_primary_context(self) -> Context:
        return Context(self.cuda)


class Stream(Made):
    kind = "stream"

    def __init__(self, cuda: CudaDouble) -> None:
        super().__init__(cuda)
        self.handle = 0x5000 + cuda.made["stream"]
        cuda.streams[self.handle] = self

    def synchronize(self) -> None:
        self.use("synchronise the stream")
        self.cuda.finish()


class Event(Made):
    kind = "event"
    at: float | None = None

    def record(self, stream: Stream) -> None:
        self.use("record an event")
        self.at = None
        self.cuda.enqueue(stream, self._happen)

    def _happen(self) -> None:
        self.cuda.clock_ms += 0.25
        self.at = self.cuda.clock_ms

    def time_since(self, other: Event) -> float:
        self.use("read an event")
        if self.at is None or other.at is None:
            raise LogicError("cuEventElapsedTime failed: not ready")
        return self.at - other.at


class DeviceAllocation(Made):
    kind = "device memory"

    def __init__(self, cuda: CudaDouble, size: int) -> None:
        super().__init__(cuda)
        self.address = cuda.place(np.full(size, 0xCD, np.uint8))

    def __int__(self) -> int:
        self.use("take the address of device memory")
        return self.address

    def _gone(self) -> None:
        super()._gone()
        del self.cuda.memory[self.address]


class HostAllocation(Made):
    """Page-locked memory: the base of the array that pagelocked_empty gives."""

    kind = "page-locked memory"

    def __init__(self, cuda: CudaDouble, size: int, flags: int) -> None:
        super().__init__(cuda)
        self.bytes: NDArray[np.uint8] = np.full(size, 0xCD, np.uint8)
        self.address = cuda.place(self.bytes) if flags & cuda.host_alloc_flags.DEVICEMAP else None

    @property
    def __array_interface__(self) -> dict[str, Any]:
        return self.bytes.__array_interface__

    def get_device_pointer(self) -> int:
        self.use("take the device's address of page-locked memory")
        if self.address is None:
            raise LogicError("cuMemHostGetDevicePointer failed: invalid argument (not allocated with DEVICEMAP)")
        return self.address

    def _gone(self) -> None:
        super()._gone()
        self.bytes[:] = 0xDD  # whoever still reads it sees nothing sensible
        if self.address is not None:
            del self.cuda.memory[self.address]


class CudaDouble:
    """Takes the place of the module pycuda.driver."""

    Error, LogicError, RuntimeError, MemoryError = Error, LogicError, NoDevice, OutOfMemory
    device_attribute = SimpleNamespace(INTEGRATED="INTEGRATED")
    host_alloc_flags = SimpleNamespace(PORTABLE=1, DEVICEMAP=2)

    def __init__(self, devices: int = 1) -> None:
        self.devices = devices
        self.alive: Counter[str] = Counter()
        self.made: Counter[str] = Counter()
        self.released: list[str] = []
        self.faults: list[str] = []
        self.memory: dict[int, NDArray[np.uint8]] = {}
        self.streams: WeakValueDictionary[int, Stream] = WeakValueDictionary()
        self.pending: list[Callable[[], None]] = []
        self.clock_ms = 0.0
        self.failing: dict[str, Exception] = {}
        self.hold = threading.Event()
        self.hold.set()
        self._next = 0x10000
        self._stacks = threading.local()

    # Of the double.

    def fail_once(self, call: str, error: Exception) -> None:
        """Let the next `call` (a function's name here, or `work`: what is on the stream) raise this."""
        self.failing[call] = error

    def _may_fail(self, call: str) -> None:
        if call in self.failing:
            raise self.failing.pop(call)

    def stack(self) -> list[Context]:
        if not hasattr(self._stacks, "held"):
            self._stacks.held = []
        held: list[Context] = self._stacks.held
        return held

    def need_context(self, what: str) -> None:
        if not self.stack():
            raise LogicError(f"{what}: invalid device context, no currently active context?")

    def place(self, content: NDArray[np.uint8]) -> int:
        address = self._next
        self._next += content.nbytes + 4096
        self.memory[address] = content
        return address

    def at(self, address: int, size: int) -> NDArray[np.uint8]:
        """What the GPU sees there. Raises where it is not allocated, or too small."""
        if address not in self.memory or self.memory[address].nbytes < size:
            raise LogicError("an illegal memory access was encountered")
        return self.memory[address][:size]

    def enqueue(self, stream: Stream, work: Callable[[], None]) -> None:
        stream.use("work on a stream")
        self.pending.append(work)

    def finish(self) -> None:
        self.hold.wait()
        waiting, self.pending = self.pending, []
        self._may_fail("work")
        for work in waiting:
            work()

    def nothing_is_left(self) -> bool:
        return not self.faults and not +self.alive and not self.memory and not self.pending

    # By pycuda's names.

    def init(self) -> None:
        if not self.devices:
            raise NoDevice("cuInit failed: no CUDA-capable device is detected")

    def Device(self, index: int) -> Device:  # noqa: N802
        return Device(self, index)

    def get_driver_version(self) -> int:
        return 12060

    def get_version(self) -> tuple[int, int, int]:
        return (12, 6, 0)

    def Stream(self) -> Stream:  # noqa: N802
        return Stream(self)

    def Event(self) -> Event:  # noqa: N802
        return Event(self)

    def mem_alloc(self, size: int) -> DeviceAllocation:
        self._may_fail("mem_alloc")
        return DeviceAllocation(self, size)

    def pagelocked_empty(self, shape: int, dtype: Any, order: str = "C", mem_flags: int = 0) -> NDArray[Any]:
        self._may_fail("pagelocked_empty")
        if np.dtype(dtype) != np.uint8:
            raise NotImplementedError("the double gives bytes alone: a view of another type would have another base")
        return np.asarray(HostAllocation(self, shape, mem_flags))

    def memcpy_htod_async(self, dest: Any, src: NDArray[Any], stream: Stream) -> None:
        self._may_fail("memcpy_htod_async")
        address, raw = int(dest), self._locked(src)

        def copy() -> None:
            self.at(address, raw.nbytes)[:] = raw

        self.enqueue(stream, copy)

    def memcpy_dtoh_async(self, dest: NDArray[Any], src: Any, stream: Stream) -> None:
        self._may_fail("memcpy_dtoh_async")
        address, raw = int(src), self._locked(dest)

        def copy() -> None:
            raw[:] = self.at(address, raw.nbytes)

        self.enqueue(stream, copy)

    def _locked(self, array: NDArray[Any]) -> NDArray[np.uint8]:
        base: Any = array
        while isinstance(base, np.ndarray):
            base = base.base
        if not isinstance(base, HostAllocation):
            raise LogicError("an asynchronous copy needs page-locked memory, or it is none")
        base.use("copy")
        return array.reshape(-1).view(np.uint8)
