"""From ONNX to TensorRT's network, with the node that is refused named."""

from __future__ import annotations

from typing import Any

from engines.tensorrt.binding import TensorRT
from engines.tensorrt.errors import GraphRefused
from engines.tensorrt.options import BuildOptions, Typing
from engines.tensorrt.profiles import ProfileInvalid

_MOST_ERRORS = 8
_REBUILD = "bring it in with hemocam export onnx, which writes a graph that TensorRT takes"
_QDQ = "uantizeLinear"  # QuantizeLinear and DequantizeLinear
_QUANTISE = "TensorRT takes no zero points and no int32 biases: quantise it with hemocam export int8 --for tensorrt"


def parse(trt: TensorRT, network: Any, onnx: bytes, options: BuildOptions, lines: list[str]) -> Any:
    """Fill `network` from `onnx`. Gives the parser, which must live until the plan is built: it owns the weights up to 8.6.

    `lines` are the error lines logged so far. Raises GraphRefused with the refused nodes, or where the graph is not HemoCam's.
    """
    parser = trt.module.OnnxParser(network, trt.log.native)
    if options.version_compatible and trt.features.native_instancenorm:
        parser.set_flag(trt.module.OnnxParserFlag.NATIVE_INSTANCENORM)
    if not parser.parse(onnx):
        reasons = _reasons(parser, lines)
        raise GraphRefused(f"{trt.name} does not take this ONNX: {reasons}; {_QUANTISE if _QDQ in reasons else _REBUILD}")
    if network.num_inputs != 1 or network.num_outputs != 1:
        # Empty bytes parse as an empty network, without an error.
        raise GraphRefused(
            f"the ONNX has {network.num_inputs} inputs and {network.num_outputs} outputs; "
            f"HemoCam's models have one of each; {_REBUILD}"
        )
    _check_types(trt, network, options)
    return parser


def input_shapes(trt: TensorRT, network: Any, options: BuildOptions) -> tuple[str, list[tuple[int, ...]]]:
    """The input's name and its smallest, most usual and largest shape (batch, height, width, channels).

    Raises GraphRefused where the input is not NHWC uint8, ProfileInvalid where a size of the network is fixed to another one.
    """
    tensor = network.get_input(0)
    shape, dtype = tuple(tensor.shape), tensor.dtype.name
    if len(shape) != 4 or dtype != "UINT8" or shape[3] < 1:
        raise GraphRefused(f"input {tensor.name} is {shape} {dtype}; it must be (batch, height, width, 3) UINT8; {_REBUILD}")
    sizes = (options.profile.min, options.profile.opt, options.profile.max)
    for axis, fixed, asked in zip(("batch", "height", "width"), shape, zip(*sizes, strict=True), strict=False):
        if fixed >= 0 and set(asked) != {fixed}:
            raise ProfileInvalid(
                f"the network takes only {axis} {fixed}, the profile {options.profile} asks for "
                f"{', '.join(map(str, sorted(set(asked))))}; give {fixed} in all three sizes"
            )
    return tensor.name, [(*size, shape[3]) for size in sizes]


def _check_types(trt: TensorRT, network: Any, options: BuildOptions) -> None:
    """The graph must be of the precision that is asked for: nothing later would notice that it is not."""
    layers = [network.get_layer(index) for index in range(network.num_layers)]
    outputs = [layer.get_output(index) for layer in layers for index in range(layer.num_outputs)]
    half = any(output is not None and output.dtype.name == "HALF" for output in outputs)  # an optional output may be None
    quantised = any(layer.type.name == "QUANTIZE" for layer in layers)
    if options.precision == "int8" and not quantised:
        raise GraphRefused(
            "int8 is asked for and the ONNX has no QuantizeLinear; make it with hemocam export int8 --for tensorrt"
        )
    if options.precision != "int8" and quantised:
        raise GraphRefused(f"{options.precision} is asked for and the ONNX is quantised; ask for int8, or give the FP32 ONNX")
    if options.precision == "fp32" and half:
        raise GraphRefused("fp32 is asked for and the ONNX computes in FP16; ask for fp16, or give the FP32 ONNX")
    if options.precision == "fp16" and options.typing_on(trt) is Typing.STRONG and not half:
        raise GraphRefused(
            f"{trt.name} takes each layer's type from the graph, and this ONNX has no FP16; make it with hemocam export half"
        )


def _reasons(parser: Any, lines: list[str]) -> str:
    found = [_reason(parser.get_error(index)) for index in range(min(parser.num_errors, _MOST_ERRORS))]
    more = parser.num_errors - len(found)
    if more > 0:
        found.append(f"and {more} more")
    # Before 8.6 an error has its node's number only; the log then holds the name.
    without_name = not parser.num_errors or not hasattr(parser.get_error(0), "node_name")
    return "; ".join(found + (lines if without_name else [])) or "it gave no reason"


def _reason(error: Any) -> str:
    """One ParserError in a line; `node_name` and `node_operator` came with 8.6."""
    code, text = error.code(), error.desc()
    name, operator = (getattr(error, each)() if hasattr(error, each) else "" for each in ("node_name", "node_operator"))
    if error.node() < 0 and not name:
        return f"{code.name}: {text}"
    who = f"node {name!r}" if name else f"node number {error.node()}"
    return f"{who}{f' ({operator})' if operator else ''}: {code.name}: {text}"
