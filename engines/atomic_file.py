"""Files that are there whole or not at all."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

TEMPORARY_SUFFIX = ".part"


def write_whole(path: Path, content: bytes) -> None:
    """Put `content` at `path`: written beside it under another name, flushed to the disk, then renamed over it.

    Raises OSError (disk full, no permission); `path` then is as it was, and nothing is left beside it.
    """
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(8)}{TEMPORARY_SUFFIX}")
    # Not tempfile's: its files are for their owner alone, whatever the umask says.
    handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())  # without it a power cut after the rename can leave an empty file of that name
        temporary.replace(path)
    except OSError:
        temporary.unlink(missing_ok=True)
        raise
