"""Where an artifact's time goes, node by node: `python -m bench.profile mlp train`.

A model file can stand in for a workload's name; its inputs are then given as `x=128,784`.
"""

import argparse
import json
import os
import statistics
import tempfile
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnxruntime
from rich.console import Console
from rich.table import Table

from .workloads import WORKLOADS


@dataclass
class NodeTime:
    """The median time of a node over all runs, in microseconds; `shapes` are those of its outputs."""

    name: str
    op_type: str
    microseconds: float
    shapes: str


def profile(model: bytes, feeds: dict[str, np.ndarray], threads: int, steps: int) -> list[NodeTime]:
    """The times of all nodes in the order of the first run. States keep their first values."""
    with tempfile.TemporaryDirectory() as folder:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.log_severity_level = 3
        options.enable_profiling = True
        options.profile_file_prefix = os.path.join(folder, "profile")
        session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
        for _ in range(steps):
            session.run(None, feeds)
        events = json.loads(Path(session.end_profiling()).read_text())
    times, details = defaultdict(list), {}
    for event in events:
        if event["cat"] == "Node" and event["name"].endswith("_kernel_time"):
            name = event["name"].removesuffix("_kernel_time")
            times[name].append(event["dur"])
            details.setdefault(name, event["args"])
    return [
        NodeTime(name, node["op_name"], statistics.median(times[name]), _shapes(node["output_type_shape"]))
        for name, node in details.items()
    ]


def _shapes(outputs):
    return " ".join("×".join(map(str, shape)) or "scalar" for output in outputs for shape in output.values())


def by_operator(nodes: list[NodeTime]) -> Table:
    totals: dict[str, list[float]] = defaultdict(list)
    for node in nodes:
        totals[node.op_type].append(node.microseconds)
    result, whole = Table(title="by operator", title_justify="left"), sum(map(sum, totals.values()))
    for heading in ("operator", "nodes", "µs", "share"):
        result.add_column(heading, justify="left" if heading == "operator" else "right")
    for op_type, durations in sorted(totals.items(), key=lambda item: -sum(item[1])):
        result.add_row(op_type, str(len(durations)), f"{sum(durations):.0f}", f"{sum(durations) / whole:.1%}")
    result.add_row("all", str(len(nodes)), f"{whole:.0f}", "")
    return result


def by_node(nodes: list[NodeTime]) -> Table:
    result = Table(title="by node", title_justify="left")
    for heading in ("µs", "operator", "node", "result"):
        result.add_column(heading, justify="right" if heading == "µs" else "left", no_wrap=True)
    for node in nodes:
        result.add_row(f"{node.microseconds:.0f}", node.op_type, node.name, node.shapes)
    return result


def main():
    parser = argparse.ArgumentParser(prog="python -m bench.profile", description=__doc__)
    parser.add_argument("model", help=f"a workload ({', '.join(WORKLOADS)}) or an ONNX file")
    parser.add_argument("kind", nargs="?", choices=("train", "predict"), default="train",
                        help="which entry of a workload")  # fmt: skip
    parser.add_argument("--input", action="append", default=[], metavar="NAME=SIZES",
                        help="an input of a file: x=128,784")  # fmt: skip
    parser.add_argument("--batch", type=int, help="of a workload (that of its training)")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--steps", type=int, default=200)
    options = parser.parse_args()
    if options.model in WORKLOADS:
        model, feeds = _workload(WORKLOADS[options.model], options.kind, options.batch)
    else:
        model, feeds = Path(options.model).read_bytes(), dict(map(_feed, options.input))
    nodes = profile(model, feeds, options.threads, options.steps)
    console = Console(width=None if Console().is_terminal else 160)
    console.print(by_node(nodes))
    console.print(by_operator(nodes))


def _workload(workload, kind, batch):
    import weber

    artifact = weber.load(workload.source).compile("train_step" if kind == "train" else "predict")
    model = artifact.to_bytes()
    feeds = [workload.images(batch or workload.batch)]
    if kind == "train":
        labels = np.resize(workload.training_data[0][1], len(feeds[0]))
        feeds.append(np.eye(workload.classes, dtype=np.float32)[labels])
    initializers = {tensor.name for tensor in artifact.model.graph.initializer}
    inputs = [value.name for value in artifact.model.graph.input if value.name not in initializers]
    return model, dict(zip(inputs, feeds, strict=True))


def _feed(text):
    name, _, sizes = text.partition("=")
    return name, np.random.default_rng(0).random([int(size) for size in sizes.split(",") if size], np.float32)


if __name__ == "__main__":
    main()
