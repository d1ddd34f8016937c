"""Memory that host and GPU share, or that is copied between them: made, grown and freed by the thread that owns the GPU."""

from __future__ import annotations

from enum import Enum
from typing import Any, Protocol

import numpy as np
from numpy.typing import DTypeLike, NDArray

from engines.contract import Tensor


class HostMemory(str, Enum):
    """How a tensor reaches the GPU. COPIED goes through page-locked memory into the GPU's own. MAPPED lets the GPU work in the
    host's memory: no copy, for integrated GPUs such as a Jetson's, where it is the default."""

    COPIED = "copied"
    MAPPED = "mapped"


class Buffer(Protocol):
    """Memory for one tensor of the engine."""

    @property
    def capacity(self) -> int:
        """Bytes that it holds."""
        ...

    @property
    def address(self) -> int:
        """Where the GPU finds it."""
        ...

    def reserve(self, size: int) -> None:
        """Make room for `size` bytes. What it held, and its address, may be gone then. The stream must be at rest."""
        ...

    def host(self, shape: tuple[int, ...], dtype: DTypeLike) -> Tensor:
        """The host's side as a tensor, a view of what is reserved."""
        ...

    def to_device(self, size: int, stream: Any) -> None:
        """Put the host's first `size` bytes where the GPU sees them, in the stream's order."""
        ...

    def to_host(self, size: int, stream: Any) -> None:
        """The other way. The host's side is good once the stream has come so far."""
        ...

    def free(self) -> None: ...


def make_buffer(cuda: Any, memory: HostMemory) -> Buffer:
    """An empty buffer of this kind."""
    return MappedBuffer(cuda) if memory is HostMemory.MAPPED else CopiedBuffer(cuda)


def roomy(size: int) -> int:
    """A quarter more than asked for, and never nothing: a field a little larger than the last needs no new memory."""
    return max(1, size + size // 4)


class CopiedBuffer:
    """Page-locked host memory and device memory of the same size. Only from page-locked memory do copies run by themselves."""

    def __init__(self, cuda: Any) -> None:
        self._cuda = cuda
        self._host: NDArray[np.uint8] | None = None
        self._device: Any = None

    @property
    def capacity(self) -> int:
        return 0 if self._host is None else self._host.nbytes

    @property
    def address(self) -> int:
        return int(self._device)

    def reserve(self, size: int) -> None:
        if size <= self.capacity and self._device is not None:
            return
        # The old goes first: a Jetson's memory does not hold both of a large field.
        self.free()
        self._host = self._cuda.pagelocked_empty(roomy(size), np.uint8)
        self._device = self._cuda.mem_alloc(roomy(size))

    def host(self, shape: tuple[int, ...], dtype: DTypeLike) -> Tensor:
        return _view(self._host, shape, dtype)

    def to_device(self, size: int, stream: Any) -> None:
        self._cuda.memcpy_htod_async(self._device, _view(self._host, (size,), np.uint8), stream)

    def to_host(self, size: int, stream: Any) -> None:
        self._cuda.memcpy_dtoh_async(_view(self._host, (size,), np.uint8), self._device, stream)

    def free(self) -> None:
        device, self._device = self._device, None
        host, self._host = self._host, None
        try:
            if device is not None:
                device.free()
        finally:
            if host is not None:
                host.base.free()  # type: ignore[union-attr]  # numpy's stubs know no base that is pycuda's allocation


class MappedBuffer:
    """Page-locked host memory that the GPU works in. Nothing is copied."""

    def __init__(self, cuda: Any) -> None:
        self._cuda = cuda
        self._host: NDArray[np.uint8] | None = None

    @property
    def capacity(self) -> int:
        return 0 if self._host is None else self._host.nbytes

    @property
    def address(self) -> int:
        if self._host is None:
            raise ValueError("nothing is reserved")
        return int(self._host.base.get_device_pointer())  # type: ignore[union-attr]  # as above

    def reserve(self, size: int) -> None:
        if size <= self.capacity:
            return
        self.free()
        self._host = self._cuda.pagelocked_empty(roomy(size), np.uint8, mem_flags=self._cuda.host_alloc_flags.DEVICEMAP)

    def host(self, shape: tuple[int, ...], dtype: DTypeLike) -> Tensor:
        return _view(self._host, shape, dtype)

    def to_device(self, size: int, stream: Any) -> None:
        """Nothing to do: the GPU reads the host's memory."""

    def to_host(self, size: int, stream: Any) -> None:
        """Nothing to do: the GPU wrote the host's memory."""

    def free(self) -> None:
        host, self._host = self._host, None
        if host is not None:
            host.base.free()  # type: ignore[union-attr]  # as above


def _view(host: NDArray[np.uint8] | None, shape: tuple[int, ...], dtype: DTypeLike) -> Tensor:
    if host is None:
        raise ValueError("nothing is reserved")
    kind = np.dtype(dtype)
    size = int(np.prod(shape, dtype=np.int64)) * kind.itemsize
    return host[:size].view(kind).reshape(shape)
