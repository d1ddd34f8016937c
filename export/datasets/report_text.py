"""The text of a laboratory's report, whichever encoding its computer wrote."""

from __future__ import annotations

import codecs
from pathlib import Path

from export.datasets.errors import DatasetError

_MARKS = {codecs.BOM_UTF8: "utf-8-sig", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}


def read_text(path: Path) -> str:
    """A text file in UTF-8, UTF-16 with its mark, or Windows' Western encoding. Raises DatasetError naming the file."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise DatasetError(f"{path} cannot be read ({error.strerror}); lay the corpus out as README says") from error
    marked = next((name for mark, name in _MARKS.items() if data.startswith(mark)), None)
    for encoding in (marked,) if marked else ("utf-8", "cp1252"):
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" in text:
            break
        return text
    raise DatasetError(f"{path} is no text; copy the report again from its source")
