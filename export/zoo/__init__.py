"""The networks, one a file, all behind `ARCHITECTURES`. Importing it imports PyTorch, but not Keras: building does that."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from export.zoo.architecture import Architecture, ZooError
from export.zoo.attention_unet import AttentionUNet
from export.zoo.classifiers import CLASSIFIERS
from export.zoo.conditional_gan import Generator
from export.zoo.dced_net import DCEDNet
from export.zoo.do_unet import CONTEXT_PX, SMALLEST_PX, DOUNet
from export.zoo.field import field_net
from export.zoo.linknet import LinkNet
from export.zoo.segnet import SegNet
from export.zoo.unet import ElsaftyUNet, UNet

__all__ = ["ARCHITECTURES", "Architecture", "ZooError", "architecture"]

_ANERBC = "AneRBC (Shahzad et al., Database 2025)"
_SEGMENTATION = (
    Architecture("unet", "segmentation", UNet, 16, paper=f"{_ANERBC}; Ronneberger et al., MICCAI 2015"),
    Architecture("unet-elsafty", "segmentation", ElsaftyUNet, 16, paper="Elmana et al.; Ronneberger et al., MICCAI 2015"),
    Architecture("linknet", "segmentation", LinkNet, 32, paper=f"{_ANERBC}; Chaurasia and Culurciello, VCIP 2017"),
    Architecture("attention-unet", "segmentation", AttentionUNet, 16, paper=f"{_ANERBC}; Oktay et al., MIDL 2018"),
    Architecture("conditional-gan", "segmentation", Generator, 32, paper=f"{_ANERBC}; Isola et al., CVPR 2017"),
    Architecture("dced-net", "segmentation", DCEDNet, 32, paper="Shahzad et al., IEEE Access 2021"),
    Architecture(
        "do-unet", "segmentation", DOUNet, 8, context_px=CONTEXT_PX, offset_px=4, smallest_px=SMALLEST_PX,
        paper="Aghiles et al.; Overton and Tucker, IDA 2020",
    ),
    Architecture("segnet", "segmentation", SegNet, 32, paper="Aghiles et al.; Badrinarayanan et al., PAMI 2017"),
    Architecture("field", "segmentation", field_net, 16, paper="HemoCam's own"),
)  # fmt: skip

ARCHITECTURES: Mapping[str, Architecture] = MappingProxyType({**{one.name: one for one in _SEGMENTATION}, **CLASSIFIERS})


def architecture(name: str) -> Architecture:
    """The network of that name; ZooError names those there are."""
    if name not in ARCHITECTURES:
        raise ZooError(f"there is no network {name!r}; there are {', '.join(sorted(ARCHITECTURES))}")
    return ARCHITECTURES[name]
