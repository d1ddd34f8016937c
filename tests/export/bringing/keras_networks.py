"""Keras networks as the repositories of the papers' authors build them, small."""

from __future__ import annotations

from typing import Any

from export.zoo.keras_backend import keras_on_torch

keras = keras_on_torch()
L = keras.layers


@keras.saving.register_keras_serializable("lab")
class PoolWithPlaces(L.Layer):  # type: ignore[misc,name-defined]
    """2x2 maxima and, one-hot over the four places of a window, where they were: SegNet's indices in keras.ops."""

    def call(self, x: Any) -> Any:
        ops = keras.ops
        shape = ops.shape(x)
        height, width, channels = shape[1] // 2, shape[2] // 2, x.shape[-1]
        windows = ops.reshape(x, (-1, height, 2, width, 2, channels))
        windows = ops.reshape(ops.transpose(windows, (0, 1, 3, 5, 2, 4)), (-1, height, width, channels, 4))
        places = ops.one_hot(ops.argmax(windows, axis=-1), 4, dtype="float32")
        return ops.max(windows, axis=-1), places

    def compute_output_shape(self, shape: Any) -> Any:
        half = (shape[0], shape[1] and shape[1] // 2, shape[2] and shape[2] // 2, shape[3])
        return half, (*half, 4)


@keras.saving.register_keras_serializable("lab")
class UnpoolToPlaces(L.Layer):  # type: ignore[misc,name-defined]
    """The way back: each value where its maximum was."""

    def call(self, x: Any, places: Any) -> Any:
        ops = keras.ops
        shape = ops.shape(x)
        spread = ops.reshape(ops.expand_dims(x, -1) * places, (-1, shape[1], shape[2], x.shape[-1], 2, 2))
        return ops.reshape(ops.transpose(spread, (0, 1, 4, 2, 5, 3)), (-1, shape[1] * 2, shape[2] * 2, x.shape[-1]))

    def compute_output_shape(self, x_shape: Any, places_shape: Any) -> Any:
        return (x_shape[0], x_shape[1] and x_shape[1] * 2, x_shape[2] and x_shape[2] * 2, x_shape[3])


def do_unet(side: int | None = 92, width: int = 4) -> Any:
    """DO-U-Net (Overton and Tucker, IDA 2020): unpadded, four levels up and down, mask and edge: 188 -> 100, 92 -> 4."""
    inputs = L.Input((side, side, 3))

    def twice(x: Any, filters: int) -> Any:
        for _ in range(2):
            x = L.Conv2D(filters, 3, activation="relu", kernel_initializer="he_normal")(x)
        return x

    skips, x = [], inputs
    for level in range(3):
        x = twice(x, width * 2**level)
        skips.append(x)
        x = L.MaxPooling2D(2)(x)
    x = twice(x, width * 8)
    for level, (skip, crop) in enumerate(zip(reversed(skips), (4, 16, 40), strict=True)):
        x = L.Conv2DTranspose(width * 2 ** (2 - level), 2, strides=2, padding="same")(x)
        x = L.Concatenate()([L.Cropping2D(crop)(skip), x])
        x = twice(x, width * 2 ** (2 - level))
    mask = L.Conv2D(1, 1, activation="sigmoid", name="mask")(x)
    edge = L.Conv2D(1, 1, activation="sigmoid", name="edge")(x)
    return keras.Model(inputs, [mask, edge], name="do_unet")


def segnet(indices: bool, side: int | None = None, softmax: bool = False) -> Any:
    """SegNet of two levels: with UpSampling2D, as most Keras repositories have it, or with the places of the maxima."""
    inputs = L.Input((side, side, 3))

    def block(x: Any, filters: int) -> Any:
        x = L.Conv2D(filters, 3, padding="same", use_bias=False)(x)
        return L.Activation("relu")(L.BatchNormalization()(x))

    places, x = [], inputs
    for filters in (4, 6):
        x = block(x, filters)
        if indices:
            x, where = PoolWithPlaces()(x)
            places.append(where)
        else:
            x = L.MaxPooling2D(2)(x)
    for filters in (4, 4):
        x = UnpoolToPlaces()(x, places.pop()) if indices else L.UpSampling2D(2)(x)
        x = block(x, filters)
    x = L.Conv2D(2, 1, activation="softmax" if softmax else "sigmoid")(x)
    return keras.Model(inputs, x, name="segnet")


def classifier(classes: int = 3, last: str | None = "softmax") -> Any:
    return keras.Sequential(
        [L.Input((32, 32, 3)), L.Conv2D(6, 3, strides=2, activation="relu"), L.BatchNormalization(),
         L.GlobalAveragePooling2D(), L.Dense(classes, activation=last)]
    )  # fmt: skip


def trained(model: Any) -> Any:
    """Batch statistics and moving means away from their start, so that a wrong one is seen."""
    import torch

    torch.manual_seed(0)
    shape = [92 if one is None else one for one in model.inputs[0].shape[1:]]
    with torch.no_grad():
        for _ in range(4):
            model(torch.rand(2, *shape), training=True)
        for variable in model.trainable_variables:
            if variable.name in ("gamma", "beta", "bias"):
                variable.assign(variable.value + 0.3 * torch.rand(tuple(variable.shape)))
    return model
