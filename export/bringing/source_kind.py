"""What kind of file it is, by its content: suffixes are what people make of them."""

from __future__ import annotations

import zipfile
from enum import Enum
from pathlib import Path

from export.conversion_error import ConversionError

_HDF5 = b"\x89HDF\r\n\x1a\n"


class SourceKind(str, Enum):
    """The files that a trained network comes in."""

    TORCH_STATE = "torch state dict"
    TORCHSCRIPT = "TorchScript"
    EXPORTED_PROGRAM = "ExportedProgram"
    KERAS = "Keras"
    ONNX = "ONNX"


def kind_of(path: Path) -> SourceKind:
    """The kind of `path`. Raises ConversionError where it is none of them, OSError where it cannot be read."""
    if path.is_dir():
        raise ConversionError(
            "it is a folder; of a TensorFlow SavedModel save the Keras model as one .keras file: model.save('model.keras')"
        )
    with path.open("rb") as file:
        head = file.read(8)
    if not head:
        raise ConversionError("it is empty; copy or save it again")
    if head == _HDF5:
        return SourceKind.KERAS
    if head.startswith(b"PK"):
        return _zipped(path)
    # Pickles of protocol 2 and later begin so: PyTorch's form before 1.6.
    if head[0] == 0x80 and head[1] in (2, 3, 4, 5):
        return SourceKind.TORCH_STATE
    if path.suffix.lower() in (".pt", ".pth", ".ckpt", ".pt2", ".keras", ".h5", ".hdf5"):
        raise ConversionError(f"it is no {path.suffix} file, it begins with {head!r}; copy or save it again")
    return SourceKind.ONNX


def _zipped(path: Path) -> SourceKind:
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
    except zipfile.BadZipFile as error:
        raise ConversionError(f"it is cut off or damaged ({error}); copy or save it again") from error
    last = {name.rsplit("/", 1)[-1] for name in names}
    if "config.json" in names and "model.weights.h5" in names:
        return SourceKind.KERAS
    if "archive_format" in last or "serialized_exported_program.json" in names:
        return SourceKind.EXPORTED_PROGRAM
    if "constants.pkl" in last:
        return SourceKind.TORCHSCRIPT
    if "data.pkl" in last:
        return SourceKind.TORCH_STATE
    raise ConversionError("it is an archive of nothing that HemoCam knows: bring a .pt, .pth, .pt2, .keras, .h5 or .onnx file")
