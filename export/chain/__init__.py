"""From a trained network to a TensorRT engine, every step held against the one before."""
