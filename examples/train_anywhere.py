"""Trains the artifacts of digits.jl with nothing but onnxruntime and numpy, as a host in any language would.

All there is to know stands in the model file: each state is an input whose initializer is its first value,
and the metadata entry `weber.state` maps those that change to the outputs that hold their next values. Feed
the outputs back, and it trains.

    weber compile examples/digits.jl -o build/
    python examples/train_anywhere.py [FOLDER, by default build]
"""

import json
import sys
from pathlib import Path

import numpy as np
import onnxruntime

EPOCHS, BATCH = 40, 32
HERE = Path(__file__).parent


class Model:
    """An artifact: a call feeds inputs and states by name and gives all outputs by name."""

    def __init__(self, path):
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 3
        self.session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
        self.outputs = [output.name for output in self.session.get_outputs()]
        metadata = self.session.get_modelmeta().custom_metadata_map
        self.states = [value.name for value in self.session.get_overridable_initializers()]
        self.next_output = json.loads(metadata["weber.state"])  # state → output with its next value

    def __call__(self, **feeds):
        return dict(zip(self.outputs, self.session.run(None, feeds)))


def main(folder):
    data = np.load(HERE / "data" / "digits.npz")
    images = data["images"].reshape(-1, 64).astype(np.float32) / 16
    one_hot = np.eye(10, dtype=np.float32)[data["labels"]]
    order = np.arange(1797) * 1000 % 1797  # a fixed permutation: the numbers have no common factor
    training, held_out = order[:-360], order[-360:]

    train_step = Model(folder / "digits.train_step.onnx")
    predict = Model(folder / "digits.predict.onnx")
    random = np.random.default_rng(0)
    state = {}  # the initializers of the model, until the first step has made new values
    for epoch in range(1, EPOCHS + 1):
        random.shuffle(training)
        losses = []
        for start in range(0, len(training) - BATCH + 1, BATCH):
            batch = training[start : start + BATCH]
            outputs = train_step(x=images[batch], y=one_hot[batch], **state)
            state = {name: outputs[next_] for name, next_ in train_step.next_output.items()}
            losses.append(outputs["train_step"])
        trained = {name: state[name] for name in predict.states if name in state}
        probabilities = predict(x=images[held_out], **trained)["predict"]
        accuracy = (probabilities.argmax(1) == data["labels"][held_out]).mean()
        print(f"epoch {epoch:2}  loss {np.mean(losses):.4f}  held-out accuracy {accuracy:.2%}", flush=True)
    return accuracy


if __name__ == "__main__":
    accuracy = main(Path(sys.argv[1] if len(sys.argv) > 1 else "build"))
    sys.exit(0 if accuracy >= 0.97 else f"the accuracy is below 97 %: {accuracy:.2%}")
