"""A program that torch.export saved (.pt2)."""

from __future__ import annotations

import io
import logging
import warnings
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path

import numpy as np
import onnx
import torch
from numpy.typing import NDArray

from export.bringing.batch import any_batch
from export.bringing.module_graph import _Flat, _tensors
from export.bringing.rewrites.input_layout import image_input, layout_of
from export.bringing.rewrites.opset import at_opset
from export.bringing.spec import BringingSpec, Source
from export.conversion_error import ConversionError


def read(path: Path, spec: BringingSpec) -> Source:
    """Raises ConversionError, also where opening the file would run a pickle."""
    _refuse_pickles(path)
    try:
        with _quiet():
            program = torch.export.load(path)
            module = program.module(check_guards=False)
    except (RuntimeError, ValueError, KeyError, TypeError, AssertionError, EOFError, OSError, zipfile.BadZipFile) as error:
        raise ConversionError(
            f"PyTorch cannot read it as an exported program ({_first(error)}); copy or save it again"
        ) from error
    model = at_opset(_graph(program))
    value = image_input(model)
    layout = layout_of(value, spec.normalisation.channels, spec.layout)
    names = [one.name for one in model.graph.output]

    def reference(pixels: NDArray[np.uint8]) -> list[NDArray[np.float32]]:
        images = torch.from_numpy(spec.normalisation.apply(pixels))
        with torch.no_grad():
            found = list(_tensors(module(images.permute(0, 3, 1, 2).contiguous() if layout == "nchw" else images)))
        picked = [found[names.index(name)] for name in spec.outputs] if spec.outputs else found
        return [one.float().numpy() for one in picked]

    asked, freed = any_batch(model, value, reference)
    parameters = sum(one.numel() for one in program.state_dict.values())
    return Source("ExportedProgram", model, layout, asked, max(1, parameters), freed)


def _graph(program: torch.export.ExportedProgram) -> onnx.ModelProto:
    """By PyTorch's new exporter: the old one cannot trace a program's symbolic sizes. It writes opset 18.

    The program is exported once more on the way: one that was loaded with sizes such as 2 * h, which every network with a
    pooling has, cannot be decomposed (PyTorch 2.13: `expected sympy.Symbol`).
    """
    image = _image(program)
    names = ("batch", "first", "second", "third")
    free = {axis: names[axis] for axis, size in enumerate(image.shape) if not isinstance(size, int)}
    example = torch.zeros([size if isinstance(size, int) else size.node.hint for size in image.shape])
    try:
        with _quiet():
            made = torch.onnx.export(
                _Flat(program.module(check_guards=False)), (example,), dynamo=True, opset_version=18, verbose=False,
                dynamic_shapes=((free or None),),
            )  # fmt: skip
        assert made is not None
        model = made.model_proto
    except ImportError as error:
        raise ConversionError("an exported program needs onnxscript; install it with: pip install onnxscript") from error
    except (RuntimeError, ValueError, TypeError, AssertionError, torch.onnx.errors.OnnxExporterError) as error:
        raise ConversionError(
            f"PyTorch's ONNX exporter refuses the program: {_first(error)}; write that operation with ones that ONNX has"
        ) from error
    rebuilt = onnx.ModelProto()
    rebuilt.ParseFromString(model.SerializeToString())
    return rebuilt


def _image(program: torch.export.ExportedProgram) -> torch.Tensor:
    """What the program calls its one input: a tensor of sizes without values."""
    names = set(program.graph_signature.user_inputs)
    found = [node.meta.get("val") for node in program.graph.nodes if node.op == "placeholder" and node.name in names]
    if len(found) != 1 or not isinstance(found[0], torch.Tensor) or found[0].ndim != 4:
        raise ConversionError(
            f"it has {len(found)} inputs or one that is no image (batch, 3, height, width); export the network with that alone"
        )
    return found[0]


def _refuse_pickles(path: Path) -> None:
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
            # Before PyTorch 2.8 weights and constants lay in the archive as one pickle each.
            old = "serialized_exported_program.json" in names or any(
                name.endswith(".pt") and ("/weights/" in name or "/constants/" in name) for name in names
            )
            pickled = any(
                b'"use_pickle": true' in archive.read(name) or b'"use_pickle":true' in archive.read(name)
                for name in names
                if name.endswith("_config.json")
            )
    except (zipfile.BadZipFile, OSError, zipfile.zlib.error) as error:  # type: ignore[attr-defined]
        raise ConversionError(f"it is cut off or damaged ({error}); copy or save it again") from error
    if old or pickled:
        raise ConversionError(
            "opening it would run a pickle, which can do anything; save it again with PyTorch 2.8 or newer and plain "
            "tensors as "
            "weights: torch.export.save(program, 'model.pt2')"
        )


@contextmanager
def _quiet() -> Iterator[None]:
    """The exporter talks to the terminal by prints, warnings and logs."""
    loggers = [logging.getLogger(name) for name in ("torch.onnx", "torch.export", "onnxscript")]
    before = [one.level for one in loggers]
    with warnings.catch_warnings(), redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
        warnings.simplefilter("ignore")
        for one in loggers:
            one.setLevel(logging.CRITICAL)
        try:
            yield
        finally:
            for one, level in zip(loggers, before, strict=True):
                one.setLevel(level)


def _first(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:200]
