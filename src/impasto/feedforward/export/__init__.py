"""ONNX export of one-pass networks."""
