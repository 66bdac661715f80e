"""ONNX Runtime sessions as this project runs them: one thread each, bounded memory, safe to share."""

from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray

Floats = NDArray[np.float32]


class Net:
    """One model file. Many threads may call it at once; each call computes on its caller's thread alone."""

    def __init__(self, model: bytes, *, threads: int = 1, arena: bool = True) -> None:
        """arena=False for a net whose input size differs from picture to picture: the arena would keep the
        largest block that any of them ever needed."""
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
        options.enable_cpu_mem_arena = arena
        options.enable_mem_pattern = False
        options.log_severity_level = 3
        self._session: Any = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])

    def __call__(self, batch: Floats) -> list[Floats]:
        outputs: list[Floats] = self._session.run(None, {"input": batch})
        return outputs
