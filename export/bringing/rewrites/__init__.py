"""Changes of an ONNX graph that leave what it computes."""
