"""The file that keeps what kernels took, so that the next build on this device does not measure them again."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

from engines.tensorrt.errors import BuildFailed
from engines.whole_file import write_whole

logger = logging.getLogger(__name__)


def load_timing_cache(config: Any, path: Path) -> None:
    """Give the config the timings in `path`, or empty ones where there are none for this exact version and device.

    Raises BuildFailed where the file cannot be read or its folder not written: better now than after ten minutes.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        content = path.read_bytes() if path.exists() else b""
        if not content:
            write_whole(path, b"")
    except OSError as error:
        raise BuildFailed(f"the timing cache {path} cannot be used ({error.strerror}); name another file, or none") from error
    cache = config.create_timing_cache(content)
    # ignore_mismatch=False: timings of another manifest choose the wrong kernels.
    if cache is not None and config.set_timing_cache(cache, False):
        return
    logger.warning("%s is of another TensorRT or another GPU; it is made anew", path)
    config.set_timing_cache(config.create_timing_cache(b""), False)


def save_timing_cache(config: Any, path: Path) -> None:
    """Write what this build measured. A full disk costs the timings, not the plan: it is logged only."""
    cache = config.get_timing_cache()
    content = None if cache is None else cache.serialize()
    if content is None:
        logger.warning("TensorRT gave no timings to keep in %s", path)
        return
    try:
        write_whole(path, bytes(content))
    except OSError as error:
        logger.warning("the timings could not be kept in %s: %s", path, error.strerror)
