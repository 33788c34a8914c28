"""Devices, and the onnxruntime sessions that run a model on them."""

import os
import re
from dataclasses import dataclass
from pathlib import Path

import onnxruntime
from onnxruntime.capi.onnxruntime_pybind11_state import OrtDevice

from ..compiler.errors import WeberError
from .tensors import CPU

_FATAL, _ERROR, _WARNING = 4, 3, 2  # onnxruntime's severities of log lines


@dataclass(frozen=True, slots=True)
class Device:
    """Where a model runs and its state lives: `cpu`, `cuda` or `cuda:1`."""

    kind: str
    index: int = 0

    @classmethod
    def parse(cls, text) -> "Device":
        """Raises WeberError for a device that there is not."""
        if isinstance(text, Device):
            return text
        match = re.fullmatch(r"(cpu|cuda)(?::(\d+))?", str(text))
        if not match or (match[1] == "cpu" and match[2] not in (None, "0")):
            raise WeberError(f'no device "{text}": devices are "cpu", "cuda" and "cuda:1" for a second GPU')
        return cls(match[1], int(match[2] or 0))

    @property
    def is_cpu(self):
        return self.kind == "cpu"

    @property
    def memory(self) -> OrtDevice:
        """What onnxruntime allocates tensors on."""
        if self.is_cpu:
            return CPU
        return onnxruntime.OrtDevice.make(self.kind, self.index)._get_c_device()

    def __str__(self):
        return self.kind if self.index == 0 else f"{self.kind}:{self.index}"


def create_session(model: str | os.PathLike | bytes, device: Device, threads: int | None = None):
    """An onnxruntime `InferenceSession` for a file or the bytes of a model.

    `threads` is the number of threads that one operator may use, by default that of `WEBER_THREADS` and else
    every core. With one thread results are the same in every run. Raises WeberError when the file is missing
    or no ONNX model, and when the device cannot be used; there is no falling back to another device.
    """
    options = onnxruntime.SessionOptions()
    options.log_severity_level = _ERROR
    options.intra_op_num_threads = _thread_count(threads)
    if isinstance(model, bytes):
        name = "the model"
    else:
        name = model = os.fspath(model)
        if not os.path.isfile(model):
            raise WeberError(f"{name}: no such file", kind="SystemError")
    providers = ["CPUExecutionProvider"]
    if not device.is_cpu:
        providers.insert(0, ("CUDAExecutionProvider", {"device_id": str(device.index)}))
        _prepare_cuda(device)
        options.log_severity_level = _FATAL
        onnxruntime.set_default_logger_severity(_FATAL)
    try:
        session = onnxruntime.InferenceSession(model, options, providers)
    except Exception as error:  # onnxruntime's errors have no common base class
        raise WeberError(f"{name} is not an ONNX model that onnxruntime can load: {reason(error)}") from None
    finally:
        onnxruntime.set_default_logger_severity(_WARNING)
    if not device.is_cpu and "CUDAExecutionProvider" not in session.get_providers():
        raise WeberError(_no_cuda(device))
    return session


def reason(error: Exception) -> str:
    """What an error of onnxruntime says, without its codes and source lines."""
    text = re.sub(r"^\[ONNXRuntimeError\] : \d+ : \w+ : ", "", str(error).strip())
    text = re.sub(r"/\S*?/?onnxruntime_src/\S+:\d+ .*?(?=\s[A-Z]|\n|$)", "", text)
    return " ".join(text.split()) or type(error).__name__


def _thread_count(threads):
    given = os.environ.get("WEBER_THREADS", "0") if threads is None else threads
    try:
        count = int(given)
    except ValueError:
        count = -1
    if count < 0 or (threads is not None and count == 0):
        source = "WEBER_THREADS" if threads is None else "threads"
        raise WeberError(f"{source} is {given!r}, expected a number of threads of at least 1")
    return count  # 0 lets onnxruntime choose


def _prepare_cuda(device):
    if "CUDAExecutionProvider" not in onnxruntime.get_available_providers():
        raise WeberError(_no_cuda(device))
    if _cuda_library_problem() and hasattr(onnxruntime, "preload_dlls"):
        import contextlib
        import io

        with contextlib.redirect_stdout(io.StringIO()):  # it prints what it misses; `_no_cuda` says it better
            onnxruntime.preload_dlls()  # finds the CUDA libraries that pip installed


def _no_cuda(device):
    if "CUDAExecutionProvider" not in onnxruntime.get_available_providers():
        problem = "this onnxruntime has no CUDA provider; `pip install 'weber[cuda]'` installs one that has"
    elif missing := _cuda_library_problem():
        problem = f"{missing}; `pip install 'weber[cuda]'` installs the CUDA libraries"
    else:
        problem = "the CUDA provider did not start: there is no such GPU, or its driver is missing or too old"
    return f'device "{device}" cannot be used: {problem}. The model runs with device="cpu".'


def _cuda_library_problem():
    """Why the CUDA provider's library does not load, or None."""
    import ctypes

    folder = Path(onnxruntime.__file__).parent / "capi"
    for name in ("libonnxruntime_providers_shared.so", "libonnxruntime_providers_cuda.so"):
        library = folder / name
        if library.exists():
            try:
                ctypes.CDLL(str(library))
            except OSError as error:
                return str(error)
    return None
