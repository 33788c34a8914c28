"""PyTorch, eager and with torch.compile: fused optimisers, inference mode."""

import os
import warnings

# A compilation is timed as it is the first time.
os.environ["TORCHINDUCTOR_FORCE_DISABLE_CACHES"] = "1"
warnings.filterwarnings("ignore", message=".*force_disable_caches")

import torch  # noqa: E402
from torch import nn  # noqa: E402
from torch.nn import functional  # noqa: E402

from .system import System  # noqa: E402


def mlp():
    return nn.Sequential(nn.Linear(784, 512), nn.ReLU(), nn.Linear(512, 256), nn.ReLU(), nn.Linear(256, 10))


def lenet():
    return nn.Sequential(
        nn.Conv2d(1, 6, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(6, 16, 5), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(400, 120), nn.ReLU(), nn.Linear(120, 84), nn.ReLU(), nn.Linear(84, 10))


MODELS = {"mlp": mlp, "lenet": lenet}
OPTIMISERS = {
    "Adam(1e-3)": lambda parameters: torch.optim.Adam(parameters, lr=1e-3, fused=True),
    "Momentum(0.01, 0.9)": lambda parameters: torch.optim.SGD(parameters, lr=0.01, momentum=0.9, fused=True),
}


class EagerSystem(System):
    """Each operation by itself."""

    def __init__(self, task, threads):
        torch.set_num_threads(threads)
        workload = task.workload
        self.model = MODELS[workload.name]()
        self.parameters = list(self.model.parameters())
        self.initial = [torch.from_numpy(array) for pair in workload.parameters for array in pair]
        if task.kind == "train":
            self.optimiser = OPTIMISERS[workload.optimiser](self.parameters)
            self.batches = [tuple(map(torch.from_numpy, batch)) for batch in workload.training_data]
            self.loss = self.compile(self._loss)
        else:
            self.optimiser = None
            self.model.eval()
            self.images = torch.from_numpy(workload.images(task.batch))
            self.predict = self.compile(self.model)
        self.reset()

    def compile(self, function):
        return function

    @staticmethod
    def versions():
        return {"torch": torch.__version__}

    def reset(self):
        with torch.no_grad():
            for parameter, value in zip(self.parameters, self.initial, strict=True):
                parameter.copy_(value)
        if self.optimiser is not None:
            self.optimiser.state.clear()

    def step(self, index):
        return self._predict() if self.optimiser is None else self._train(index)

    def _loss(self, images, labels):
        return functional.cross_entropy(self.model(images), labels)

    def _train(self, index):
        self.optimiser.zero_grad()
        loss = self.loss(*self.batches[index % len(self.batches)])
        loss.backward()
        self.optimiser.step()
        return loss

    @torch.inference_mode()
    def _predict(self):
        return self.predict(self.images)

    def to_numpy(self, result):
        return result.detach().numpy()


class CompiledSystem(EagerSystem):
    """Forward and backward pass compiled. The fused optimiser is faster than a compiled one, so it stays; for
    inference the parameters are constants (`freezing`)."""

    def compile(self, function):
        options = {"freezing": True} if self.optimiser is None else {}
        return torch.compile(function, options=options)
