"""A network that raises, gives NaN or hangs on demand, and else is the one that it wraps."""

from __future__ import annotations

import numpy as np

from engines.contract import Engine, InferenceFailed, Tensor
from engines.wrapped import WrappedEngine
from tests.campaigns.faulty.switchboard import Fault, Switchboard


class FaultyEngine(WrappedEngine):
    """`engine` behind a switchboard. A fault stays with the engine that was there when it came: one opened later works."""

    def __init__(self, engine: Engine, board: Switchboard) -> None:
        super().__init__(engine)
        self._board, self._faults = board, board.faults

    def run(self, tensor: Tensor) -> Tensor:
        match self._board.fault if self._board.faults > self._faults else None:
            case Fault.RAISING:
                raise InferenceFailed("the engine failed as it was told to; nothing to do")
            case Fault.NAN:
                return np.full_like(super().run(tensor), np.nan)
            case Fault.STALLED:
                self._board.healed.wait()
        return super().run(tensor)
