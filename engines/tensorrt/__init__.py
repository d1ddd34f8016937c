"""TensorRT, 8.5 to 11 and TensorRT for RTX behind one adapter that looks at what is there, never at a version number."""
