"""From a trained network to an ONNX file that takes a camera's uint8 pixels."""

from __future__ import annotations

import io
import tempfile
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext, redirect_stdout
from dataclasses import dataclass
from pathlib import Path

import onnx
import torch
from torch import Tensor, nn

from export.conversion_error import ConversionError
from export.graph_cleaning import cleaned
from export.normalisation import GREY_WEIGHTS, UNIT, Normalisation
from export.pinned_sizes import PinnedSizes

OPSET = 17
"""The newest that the oldest supported JetPack's TensorRT reads."""


@dataclass(frozen=True, slots=True)
class ExampleSize:
    """What the graph is traced with. `fixed` networks take squares of `side_px` alone, any number at a time."""

    side_px: int
    fixed: bool = False


class _FromPixels(nn.Module):
    """Puts the preparation's last step in the graph: (batch, height, width, 3) uint8 in, logits out.

    A quarter of the bytes go to the device, and nobody can forget to divide by 255. The cast comes first: TensorRT refuses
    any other work on uint8.
    """

    def __init__(self, network: nn.Module, normalisation: Normalisation) -> None:
        super().__init__()
        self.network = network
        self.normalisation = normalisation
        shape = (1, normalisation.channels, 1, 1)
        self.mean: Tensor
        self.std: Tensor
        self.grey: Tensor
        self.register_buffer("mean", torch.tensor(normalisation.mean[: normalisation.channels]).reshape(shape))
        self.register_buffer("std", torch.tensor(normalisation.std[: normalisation.channels]).reshape(shape))
        self.register_buffer("grey", torch.tensor(GREY_WEIGHTS).reshape(1, 3, 1, 1))

    def forward(self, pixels: Tensor) -> Tensor:
        x = pixels.to(torch.float32).permute(0, 3, 1, 2)
        if self.normalisation.order == "bgr":
            x = x[:, [2, 1, 0]]
        if self.normalisation.order == "grey":
            x = (x * self.grey).sum(dim=1, keepdim=True)
        # Only what does something stands in the graph: every node costs a layer, and the plain form is the most tested.
        if self.normalisation.divisor != 1.0:
            x = x / self.normalisation.divisor
        if any(self.normalisation.mean):
            x = x - self.mean
        if set(self.normalisation.std) != {1.0}:
            x = x / self.std
        logits: Tensor = self.network(x)
        return logits


def to_onnx(
    network: nn.Module,
    multiple_px: int,
    normalisation: Normalisation = UNIT,
    size: ExampleSize | None = None,
    metadata: Mapping[str, str] | None = None,
) -> bytes:
    """`network`, (batch, 3, height, width) float to logits, as a checked ONNX file with any batch and field size.

    Sizes must be multiples of `multiple_px`; `size` is needed where four of them make no valid side, or only one does. The
    network's logits are (batch, channels, height, width) or (batch, classes); its float input is what `normalisation` makes
    of 0..255. Input `pixels`, output `logits`. `metadata` goes into the file. The network comes back in the mode (training
    or not) that it was in. Raises ConversionError where the exporter or the checker refuses the network.
    """
    size = size or ExampleSize(4 * multiple_px)
    wrapped, training = _FromPixels(network, normalisation), network.training
    example = torch.zeros(2, size.side_px, size.side_px, 3, dtype=torch.uint8)
    try:
        rank = _rank(wrapped.eval(), example, normalisation.channels)
        axes = {"pixels": {0: "batch"}, "logits": {0: "batch"}}
        if not size.fixed:
            axes["pixels"] |= {1: "height", 2: "width"}
            # An unpadded network's output is smaller than its input: its sizes must not have the input's names.
            axes["logits"] |= {2: "out_height", 3: "out_width"} if rank == 4 else {}
        model = cleaned(traced(wrapped, example, axes))
    finally:
        network.train(training)
    return sealed(model, metadata or {})


def _rank(wrapped: nn.Module, example: Tensor, channels: int) -> int:
    try:
        with torch.no_grad():
            return int(wrapped(example).ndim)
    except (RuntimeError, ValueError, TypeError, IndexError) as error:
        shape = (len(example), channels, *example.shape[1:3])
        raise ConversionError(
            f"the network does not run on {shape}: {error}; check its channels and the multiple that its sides must be of"
        ) from error


def traced(network: nn.Module, example: Tensor, axes: Mapping[str, Mapping[int, str]]) -> onnx.ModelProto:
    """The graph of `network` on `example`; the first of `axes` is the input's name, the others the outputs'.

    PyTorch's tracing exporter is taken: it needs nothing installed beside it and writes the operators of OPSET. Raises
    ConversionError with the exporter's own words.
    """
    name, *outputs = axes
    one_size = set(axes[name]) <= {0}
    with tempfile.TemporaryDirectory() as folder, PinnedSizes() if one_size else nullcontext(), _quiet():
        path = Path(folder) / "model.onnx"
        try:
            torch.onnx.export(
                network, (example,), path, opset_version=OPSET, dynamo=False,
                input_names=[name], output_names=outputs,
                dynamic_axes={key: dict(value) for key, value in axes.items() if value},
            )  # fmt: skip
            return onnx.load(path)
        except (RuntimeError, ValueError, TypeError, torch.onnx.errors.OnnxExporterError) as error:
            said = str(error).strip().splitlines() or [type(error).__name__]
            raise ConversionError(
                f"PyTorch's ONNX exporter refuses the network: {said[0].split(', scope:')[0]}; write that operation "
                "with ones that "
                "ONNX has, or export the network to ONNX yourself and bring that file"
            ) from error


@contextmanager
def _quiet() -> Iterator[None]:
    """The exporter warns of its own future and prints whole graphs; what matters of it is in the error."""
    with warnings.catch_warnings(), redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")
        yield


def sealed(model: onnx.ModelProto, metadata: Mapping[str, str]) -> bytes:
    """The checked file of `model` with `metadata` in it, empty values left out. Raises ConversionError."""
    onnx.helper.set_model_props(model, {key: value for key, value in metadata.items() if value})
    try:
        onnx.checker.check_model(model, full_check=True)
        return bytes(model.SerializeToString())
    except (onnx.checker.ValidationError, onnx.shape_inference.InferenceError, ValueError) as error:
        raise ConversionError(f"the ONNX file is not valid: {str(error).strip()}") from error


def described(
    architecture: str,
    labels: Sequence[str],
    task: str,
    cell_diameter_px: float | None = None,
    source_sha256: str = "",
) -> dict[str, str]:
    """The metadata of HemoCam's ONNX files: what a file says of itself where its manifest was lost."""
    return {
        "hemocam.architecture": architecture,
        "hemocam.task": task,
        "hemocam.channels" if task == "segmentation" else "hemocam.classes": ",".join(labels),
        "hemocam.cell_diameter_px": "" if cell_diameter_px is None else f"{cell_diameter_px:g}",
        "hemocam.source_sha256": source_sha256,
    }


def onnx_bytes(
    architecture_name: str,
    network: nn.Module,
    labels: Sequence[str],
    *,
    side_px: int | None = None,
    cell_diameter_px: float | None = None,
    source_sha256: str = "",
) -> bytes:
    """A network of the zoo as an ONNX file: `to_onnx` with what its architecture asks for, and metadata.

    `labels` are its channels or classes; a classifier needs `side_px`. Raises ConversionError, ZooError.
    """
    from export.zoo import architecture  # noqa: PLC0415  # the zoo holds networks whose tests import this module

    kind = architecture(architecture_name)
    if kind.task == "classification" and side_px is None:
        raise ConversionError(f"{architecture_name} needs the side of its crops: give side_px")
    side = side_px or kind.fitting_px(4 * kind.multiple_px)
    size = ExampleSize(side, fixed=kind.task == "classification")
    metadata = described(architecture_name, labels, kind.task, cell_diameter_px, source_sha256)
    return to_onnx(network, kind.multiple_px, size=size, metadata=metadata)
