"""The thirteen classifiers of the papers, from keras.applications on PyTorch: the papers' own variants, none by hand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

from export.zoo.architecture import Architecture, ZooError
from export.zoo.compact import COMPACT
from export.zoo.keras_backend import DataFormat

if TYPE_CHECKING:
    from torch import nn


@dataclass(frozen=True, slots=True)
class _Recipe:
    """Where keras.applications keeps a network. `preparation` names the module whose preprocess_input is the network's."""

    name: str
    builder: str
    preparation: str
    smallest_px: int
    paper: str
    order: DataFormat = "channels_first"

    def build(self, classes: int, side_px: int) -> nn.Module:
        """Random weights. Raises ZooError where the side or the number of classes cannot be, or Keras is missing."""
        if classes < 2:
            raise ZooError(f"{self.name} tells at least two classes apart, not {classes}")
        if side_px < self.smallest_px:
            raise ZooError(f"{self.name} takes crops of {self.smallest_px} px or more, not {side_px}")
        from export.zoo.keras_classifier import KerasClassifier  # noqa: PLC0415  # brings PyTorch and Keras in

        return KerasClassifier(self.builder, self.preparation, classes, side_px, self.order)


_RECIPES = (
    _Recipe("mobilenet-v2", "MobileNetV2", "mobilenet_v2", 32, "Sandler et al., CVPR 2018"),
    _Recipe("resnet152-v2", "ResNet152V2", "resnet_v2", 32, "He et al., ECCV 2016"),
    _Recipe("vgg16", "VGG16", "vgg16", 32, "Simonyan and Zisserman, ICLR 2015"),
    _Recipe("inception-v3", "InceptionV3", "inception_v3", 75, "Szegedy et al., CVPR 2016"),
    _Recipe("efficientnet-b0", "EfficientNetB0", "efficientnet", 32, "Tan and Le, ICML 2019"),
    _Recipe("mobilenetv3-small", "MobileNetV3Small", "mobilenet_v3", 32, "Howard et al., ICCV 2019"),
    _Recipe("mobilenetv3-large", "MobileNetV3Large", "mobilenet_v3", 32, "Howard et al., ICCV 2019"),
    _Recipe("resnet50", "ResNet50", "resnet50", 32, "He et al., CVPR 2016"),
    _Recipe("resnet50-v2", "ResNet50V2", "resnet_v2", 32, "He et al., ECCV 2016"),
    # These two refuse channels_first (keras 3.15).
    _Recipe("densenet121", "DenseNet121", "densenet", 32, "Huang et al., CVPR 2017", "channels_last"),
    _Recipe("convnext-tiny", "ConvNeXtTiny", "convnext", 32, "Liu et al., CVPR 2022", "channels_last"),
    _Recipe("xception", "Xception", "xception", 71, "Chollet, CVPR 2017"),
    _Recipe("efficientnetv2-b0", "EfficientNetV2B0", "efficientnet_v2", 32, "Tan and Le, ICML 2021"),
)

CLASSIFIERS: Mapping[str, Architecture] = MappingProxyType(
    {
        **{
            one.name: Architecture(one.name, "classification", one.build, multiple_px=1, paper=one.paper, keras=True)
            for one in _RECIPES
        },
        COMPACT.name: COMPACT,
    }
)
"""Every classifier of the zoo: the papers' thirteen and HemoCam's own. Keras is imported when one is built."""
