"""The compiler: types, the IR, its meaning, its passes and its export to ONNX. Imports nothing else of
Weber."""
