"""Our artifacts: the training step, and inference with its parameters baked in."""

import tempfile
from pathlib import Path

import numpy as np
import onnxruntime
import weber
from weber.runtime.bake import bake
from weber.runtime.checkpoint import save_arrays

from .system import System


class WeberSystem(System):
    def __init__(self, task, threads):
        workload = task.workload
        parameters = _state(workload)
        if task.kind == "train":
            program = training_program(workload, threads)
            program.state.update(parameters)
            self.initial = {name: program.state[name] for name in program.state}
            one_hot = np.eye(workload.classes, dtype=np.float32)
            self.batches = [(images, one_hot[labels]) for images, labels in workload.training_data]
        else:
            program = inference_program(workload, threads, parameters)
            self.initial = {}
            self.batches = [(workload.images(task.batch),)]
        self.program = program

    @staticmethod
    def versions():
        return {"weber": weber.__version__, "onnxruntime": onnxruntime.__version__}

    def reset(self):
        self.program.state.update(self.initial)

    def step(self, index):
        return self.program(*self.batches[index % len(self.batches)])

    def to_numpy(self, result):
        return np.asarray(result)


def training_program(workload, threads) -> weber.Program:
    return weber.load(workload.source).compile("train_step").program(threads=threads)


def inference_program(workload, threads, parameters) -> weber.Program:
    """`predict` with these parameters as constants."""
    with tempfile.TemporaryDirectory() as folder:
        names = ("predict.onnx", "parameters.safetensors", "baked.onnx")
        model, checkpoint, baked = (str(Path(folder, name)) for name in names)
        weber.load(workload.source).compile("predict").save(model)
        save_arrays(checkpoint, parameters)
        bake(model, checkpoint, baked)
        return weber.load(baked, threads=threads)


def _state(workload):
    """The initial weights under the state's names and in Flux's layout: a dense weight has the other order of
    axes, and a convolution turns its kernel round, where PyTorch's and ONNX's do not."""
    state = {}
    for (place, _), (weight, bias) in zip(workload.layers, workload.parameters):
        weight = weight.T if weight.ndim == 2 else np.flip(weight, (2, 3))
        state[f"model.layers.{place}.weight"] = np.ascontiguousarray(weight)
        state[f"model.layers.{place}.bias"] = bias
    return state
