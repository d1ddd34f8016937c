"""A model's engines, one after another, as they fail."""

from __future__ import annotations

import logging
from dataclasses import replace
from threading import Lock

from engines.acceptance import Counting
from engines.contract import EngineError, RuntimeMissing
from engines.manifest import Manifest, load_manifest
from engines.model_names import DEFAULT_MODEL, model_folder
from engines.opening import Opened, Runtime, file_on, has_cuda, open_model, open_on
from engines.tensorrt.loading import Tell

log = logging.getLogger(__name__)


class Succession:
    """Engines of one model: the one asked for, then, as they fail, the same opened anew once, then the next runtime.

    TensorRT → CUDA where onnxruntime has it → the model's default file on the CPU → its FP32 file on the CPU. Any thread
    may call; no lock is held while a model is opened, so that a call which hangs in a driver holds up no later one.
    """

    def __init__(
        self, model: str = DEFAULT_MODEL, runtime: Runtime = Runtime.CPU, threads: int | None = None,
        counting: Counting | None = None, tell: Tell | None = None,
    ) -> None:  # fmt: skip
        """As `open_model`; nothing is opened yet. `tell` hears what befalls the first opening."""
        self._model, self._asked, self._threads, self._counting, self._tell = model, runtime, threads, counting, tell
        self._lock = Lock()
        self._first: Opened | None = None
        self._current, self._renewed, self._opening = runtime, False, False

    def first(self) -> Opened:
        """What is open at the beginning; opened at the first call, the same at every further one. Raises as `open_model`."""
        with self._lock:
            if self._first is not None:
                return self._first
        opened = open_model(self._model, self._asked, self._threads, counting=self._counting, tell=self._tell)
        with self._lock:
            self._first, self._current = opened, opened.runtime
        return opened

    def after(self, failed: EngineError, tell: Tell | None = None) -> Opened:
        """The engine to go on with now that the one in use has `failed`; whoever holds that one closes it.

        Every turn is a notice of what is opened, and `tell` hears it as it happens. Raises EngineError where none is left.
        """
        notices: list[str] = []

        def say(text: str) -> None:
            notices.append(text)
            log.warning("%s", text)
            if tell is not None:
                tell(text)

        folder = model_folder(self._model)
        # The manifest of the beginning, also where the model's folder was changed since: a session counts with one model.
        manifest = self._first.manifest if self._first is not None else load_manifest(folder)
        error = failed
        while (turn := self._turn(manifest)) is not None:
            runtime, anew = turn
            say(f"{error}. {'Opening' if anew else 'Taking'} {runtime.value}{' anew' if anew else ''}")
            try:
                opened = open_on(folder, manifest, runtime, self._threads, self._counting, say, again=anew)
            except EngineError as new:
                error = new
            else:
                with self._lock:
                    self._opening = False
                return replace(opened, notices=tuple(notices))
        raise RuntimeMissing(
            f"no runtime of this machine runs the model {manifest.name} any more; look at `hemocam doctor`. "
            f"The last said: {error}"
        ) from error

    def proven(self) -> None:
        """The engine in use has worked for long: should it fail, it is worth opening anew again."""
        with self._lock:
            self._renewed = False

    def close(self) -> None:
        """Release what `first` opened, where nobody took it into use; once more does no harm."""
        with self._lock:
            first = self._first
        if first is not None:
            first.engine.__exit__(None, None, None)

    def _turn(self, manifest: Manifest) -> tuple[Runtime, bool] | None:
        """The runtime to try now, and whether it is the one in use opened anew. What fails to open, or never came back from
        opening, is not opened once more."""
        with self._lock:
            anew = not self._renewed and not self._opening
            self._opening = True
            if anew:
                self._renewed = True
                return self._current, True
            following = _following(manifest, self._current)
            if following is None:
                return None
            self._current, self._renewed = following, False
            return following, False


def _following(manifest: Manifest, runtime: Runtime) -> Runtime | None:
    """The runtime after this one, passing over what this machine has not and what would run the same file in the same way."""
    if runtime is Runtime.TENSORRT and has_cuda():
        return Runtime.CUDA
    if runtime in (Runtime.TENSORRT, Runtime.CUDA):
        return Runtime.CPU
    if file_on(manifest, runtime).precision == "fp32" or not any(file.precision == "fp32" for file in manifest.files):
        return None
    return Runtime.CPU_FP32
