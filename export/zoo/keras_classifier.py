"""A network of keras.applications as a PyTorch module like any other of the zoo."""

from __future__ import annotations

from torch import Tensor, nn

from export.zoo.keras_backend import DataFormat, data_format, keras_on_torch


class KerasClassifier(nn.Module):
    """(batch, 3, side_px, side_px) float32 in 0..1 to logits (batch, classes); the network's own scaling is inside.

    `builder` is the name in keras.applications, `preparation` its module there.
    """

    def __init__(self, builder: str, preparation: str, classes: int, side_px: int, order: DataFormat) -> None:
        super().__init__()
        keras = keras_on_torch()
        self.order = order
        self._preprocess = getattr(keras.applications, preparation).preprocess_input
        shape = (3, side_px, side_px) if order == "channels_first" else (side_px, side_px, 3)
        # Keras numbers its layers' names through the whole process, and the keys of a state dict with them: from nothing here,
        # so that a checkpoint fits whatever was built before it.
        keras.utils.clear_session(free_memory=False)
        with data_format(keras, order):
            self.network = getattr(keras.applications, builder)(
                weights=None, classes=classes, input_shape=shape, classifier_activation=None
            )

    def forward(self, x: Tensor) -> Tensor:
        pixels = x * 255.0  # what every preprocess_input of Keras expects
        if self.order == "channels_last":
            pixels = pixels.permute(0, 2, 3, 1)
        prepared = self._preprocess(pixels, data_format=self.order)
        logits: Tensor = self.network(prepared, training=self.training)
        return logits
