"""Where an artifact's time goes, node by node: `python -m bench.profile mlp train`, `… tree_lstm`.

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

from .batching.workloads import TASKS
from .workloads import WORKLOADS

Feeds = dict[str, np.ndarray]


@dataclass
class NodeTime:
    """What a node takes in a run, in microseconds, without the nodes of its subgraphs; how often it is
    computed in a run; the shapes of its outputs, when it was computed first."""

    name: str
    op_type: str
    microseconds: float
    computed: float
    shapes: str


def profile(model: bytes, batches: list[Feeds], threads: int, steps: int) -> list[NodeTime]:
    """The times of all nodes, in the order in which they are first done: the median over so many runs on a
    batch, and the mean over the batches. States keep their first values."""
    with tempfile.TemporaryDirectory() as folder:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.log_severity_level = 3
        options.enable_profiling = True
        options.profile_file_prefix = os.path.join(folder, "profile")
        session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
        for _ in range(steps):
            for feeds in batches:
                session.run(None, feeds)
        events = json.loads(Path(session.end_profiling()).read_text())
    runs = list(_runs(events))
    details: dict[str, dict] = {}
    for event in (event for run in runs for event in run):
        details.setdefault(event["name"], event["args"])
    durations, counts = [_totals(run) for run in runs], [_counts(run) for run in runs]
    every = len(batches)

    def typical(name, found):
        return statistics.mean(statistics.median(one.get(name, 0) for one in found[batch::every])
                               for batch in range(every))

    return [NodeTime(name.removesuffix("_kernel_time"), node["op_name"], typical(name, durations),
                     typical(name, counts), _shapes(node["output_type_shape"]))
            for name, node in details.items()]  # fmt: skip


def _runs(events):
    """The events of nodes in each run."""
    nodes = []
    for event in events:
        if event["name"] == "model_run":
            yield nodes
            nodes = []
        elif event["cat"] == "Node" and event["name"].endswith("_kernel_time"):
            nodes.append(event)


def _totals(run):
    """Microseconds of each node in a run, those of the nodes inside of it taken away."""
    totals: dict[str, float] = defaultdict(float)
    around: list[dict] = []
    for event in sorted(run, key=lambda event: (event["ts"], -event["dur"])):
        while around and not _contains(around[-1], event):
            around.pop()
        if around:
            totals[around[-1]["name"]] -= event["dur"]
        totals[event["name"]] += event["dur"]
        if event["args"]["op_name"] in ("If", "Loop", "Scan"):
            around.append(event)
    return totals


def _contains(outer, inner):
    return inner["ts"] < outer["ts"] + outer["dur"]


def _counts(run):
    counts: dict[str, int] = defaultdict(int)
    for event in run:
        counts[event["name"]] += 1
    return counts


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


def by_node(nodes: list[NodeTime], least: float) -> Table:
    """The nodes that take at least so many microseconds."""
    result = Table(title="by node", title_justify="left")
    for heading in ("µs", "times", "operator", "node", "result"):
        result.add_column(heading, justify="right" if heading in ("µs", "times") else "left",
                          no_wrap=heading != "result")  # fmt: skip
    for node in nodes:
        if node.microseconds >= least:
            times = f"{node.microseconds:.0f}", f"{node.computed:.0f}"
            result.add_row(*times, node.op_type, node.name, node.shapes)
    return result


def main():
    names = ", ".join((*WORKLOADS, *TASKS))
    parser = argparse.ArgumentParser(prog="python -m bench.profile", description=__doc__)
    parser.add_argument("model", help=f"a workload ({names}) or an ONNX file")
    parser.add_argument("kind", nargs="?", choices=("train", "predict"), default="train",
                        help="which entry of a workload of images")  # fmt: skip
    parser.add_argument("--input", action="append", default=[], metavar="NAME=SIZES",
                        help="an input of a file: x=128,784")  # fmt: skip
    parser.add_argument("--batch", type=int, help="of a workload of images (that of its training)")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--steps", type=int, help="with each batch (200, or 5 of sentences or trees)")
    parser.add_argument("--least", type=float, default=0, metavar="µs", help="leave out nodes that take less")
    options = parser.parse_args()
    steps = 200
    if options.model in WORKLOADS:
        model, batches = _images(WORKLOADS[options.model], options.kind, options.batch)
    elif options.model in TASKS:
        model, batches = _examples(TASKS[options.model])
        steps = 5
    else:
        model, batches = Path(options.model).read_bytes(), [dict(map(_feed, options.input))]
    nodes = profile(model, batches, options.threads, options.steps or steps)
    console = Console(width=None if Console().is_terminal else 160)
    console.print(by_node(nodes, options.least))
    console.print(by_operator(nodes))


def _images(workload, kind, batch):
    import weber

    artifact = weber.load(workload.source).compile("train_step" if kind == "train" else "predict")
    model = artifact.to_bytes()
    feeds = [workload.images(batch or workload.batch)]
    if kind == "train":
        labels = np.resize(workload.training_data[0][1], len(feeds[0]))
        feeds.append(np.eye(workload.classes, dtype=np.float32)[labels])
    initializers = {tensor.name for tensor in artifact.model.graph.initializer}
    inputs = [value.name for value in artifact.model.graph.input if value.name not in initializers]
    return model, [dict(zip(inputs, feeds, strict=True))]


def _examples(task):
    """The training step of sentences or trees, with the batches in the form of the graph's inputs."""
    import weber

    from .batching.weber_system import INPUTS

    model = weber.load(task.source).compile("train_step").to_bytes()
    return model, [dict(_graph_inputs(INPUTS[task.name](batch))) for batch in task.batches]


def _graph_inputs(arguments):
    """Names and arrays: the parts of a tuple `x` are `x.1`, `x.2`."""
    for name, argument in arguments.items():
        match argument:
            case dict():
                yield from ((f"{name}.{key}", part) for key, part in argument.items())
            case tuple():
                yield from ((f"{name}.{place}", part) for place, part in enumerate(argument, 1))
            case _:
                yield name, argument


def _feed(text):
    name, _, sizes = text.partition("=")
    return name, np.random.default_rng(0).random([int(size) for size in sizes.split(",") if size], np.float32)


if __name__ == "__main__":
    main()
