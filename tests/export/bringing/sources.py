"""Each kind of file that is not Keras, saved as a lab would, of networks that `bring` must take."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from pathlib import Path

import torch
from torch import Tensor, nn

from export.bringing import BringingSpec
from tests.export.bringing.networks import Blocks, Classifier, Scripted, TorchSegNet, trained

FIELD = BringingSpec(channels=("rbc", "rbc_outline"), cell_diameter_px=30.0)
FREE = {"x": {0: "batch", 2: "height", 3: "width"}}


def to_onnx_file(
    network: nn.Module, path: Path, shape: tuple[int, ...] = (2, 3, 32, 32), opset: int = 17, free: bool = True
) -> Path:
    """By PyTorch's tracing exporter, float images in, as third parties do it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            network, (torch.rand(shape),), path, dynamo=False, opset_version=opset, input_names=["x"], output_names=["y"],
            dynamic_axes={**FREE, "y": FREE["x"]} if free else None,
        )  # fmt: skip
    return path


def dynamo_file(network: nn.Module, path: Path) -> Path:
    """By PyTorch's new exporter, its default now."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        made = torch.onnx.export(network, (torch.rand(2, 3, 32, 32),), dynamo=True, dynamic_shapes=(FREE["x"],), verbose=False)
    assert made is not None
    made.save(str(path))
    return path


def program_file(network: nn.Module, path: Path, step: int) -> Path:
    """By torch.export, with sizes that are multiples of `step`; 0 for the one size of the example."""
    dims = [torch.export.Dim(name, min=4, max=512) for name in ("height", "width")]
    free = {0: torch.export.Dim("batch"), 2: step * dims[0], 3: step * dims[1]} if step else None
    program = torch.export.export(network, (torch.rand(2 if step else 1, 3, 32, 32),), dynamic_shapes=(free,) if free else None)
    torch.export.save(program, path)
    return path


def scripted_file(network: nn.Module, path: Path) -> Path:
    torch.jit.script(network).save(str(path))
    return path


def traced_file(network: nn.Module, path: Path) -> Path:
    torch.jit.trace(network, torch.rand(1, 3, 32, 32), check_trace=False).save(str(path))
    return path


def segnets() -> tuple[nn.Module, nn.Module]:
    """The same weights with MaxUnpool as a custom operator and as PyTorch's own."""
    custom = trained(TorchSegNet())
    plain = TorchSegNet(custom=False)
    plain.load_state_dict(custom.state_dict())
    return custom, plain.eval()


class NotChannelsFirst(nn.Module):
    """A network that takes and gives (batch, height, width, channels)."""

    def __init__(self, inner: nn.Module) -> None:
        super().__init__()
        self.inner = inner
        self.eval()

    def forward(self, x: Tensor) -> Tensor:
        return self.inner(x.permute(0, 3, 1, 2)).permute(0, 2, 3, 1)  # type: ignore[no-any-return]


SAVED: Mapping[str, Callable[[Path], Path]] = {
    "script": lambda folder: scripted_file(trained(Scripted()), folder / "net.pt"),
    "trace": lambda folder: traced_file(trained(Blocks()), folder / "net.pt"),
    "program": lambda folder: program_file(trained(Blocks()), folder / "net.pt2", 2),
    "program-segnet": lambda folder: program_file(segnets()[1], folder / "net.pt2", 4),
    "onnx-opset-9": lambda folder: to_onnx_file(trained(Scripted()), folder / "net.onnx", opset=9),
    "onnx-opset-13": lambda folder: to_onnx_file(trained(Blocks()), folder / "net.onnx", opset=13),
    "onnx-segnet": lambda folder: to_onnx_file(segnets()[0], folder / "net.onnx"),
    "onnx-dynamo-segnet": lambda folder: dynamo_file(segnets()[1], folder / "net.onnx"),
}
"""Fields of any size."""

__all__ = ["FIELD", "SAVED", "Blocks", "Classifier", "NotChannelsFirst", "Scripted", "TorchSegNet"]
