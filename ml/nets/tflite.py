"""The constants of a TensorFlow Lite file, in the order in which its operators use them.

The architecture is written down in blaze.py and mesh.py; from the file only numbers are needed. They rest as
float16 behind DEQUANTIZE operators.  Source: tensorflow/lite/schema/schema.fbs; package `tflite` is that schema.
"""

from dataclasses import dataclass, field

import numpy as np
import tflite
import torch
from numpy.typing import NDArray
from torch import nn

from ml.nets.blaze import BLOCK

Array = NDArray[np.float32]


@dataclass
class Layers:
    """One list a kind of operator. Filters already as PyTorch has them: (out, in, rows, cols)."""

    convolutions: list[tuple[Array, Array]] = field(default_factory=list)  # filter and bias
    depthwise: list[tuple[Array, Array]] = field(default_factory=list)
    slopes: list[Array] = field(default_factory=list)  # of PRELU, one number a channel


def read_layers(data: bytes) -> Layers:
    model = tflite.Model.GetRootAsModel(data, 0)
    graph = model.Subgraphs(0)
    operators = [graph.Operators(i) for i in range(graph.OperatorsLength())]
    kinds = [_kind(model, operator) for operator in operators]
    half = {
        operator.Outputs(0): operator.Inputs(0)
        for operator, kind in zip(operators, kinds, strict=True)
        if kind == tflite.BuiltinOperator.DEQUANTIZE
    }

    def constant(index: int) -> Array:
        tensor = graph.Tensors(half.get(index, index))
        stored = {tflite.TensorType.FLOAT16: np.float16, tflite.TensorType.FLOAT32: np.float32}[tensor.Type()]
        values = np.frombuffer(model.Buffers(tensor.Buffer()).DataAsNumpy().tobytes(), stored)
        return values.reshape(tensor.ShapeAsNumpy()).astype(np.float32)

    layers = Layers()
    for operator, kind in zip(operators, kinds, strict=True):
        if kind == tflite.BuiltinOperator.CONV_2D:  # (out, rows, cols, in)
            weight = constant(operator.Inputs(1)).transpose(0, 3, 1, 2)
            layers.convolutions.append((weight, constant(operator.Inputs(2))))
        elif kind == tflite.BuiltinOperator.DEPTHWISE_CONV_2D:  # (1, rows, cols, channels)
            weight = constant(operator.Inputs(1)).transpose(3, 0, 1, 2)
            layers.depthwise.append((weight, constant(operator.Inputs(2))))
        elif kind == tflite.BuiltinOperator.PRELU:
            layers.slopes.append(constant(operator.Inputs(1)).reshape(-1))
    return layers


def _kind(model: tflite.Model, operator: tflite.Operator) -> int:
    code = model.OperatorCodes(operator.OpcodeIndex())
    return code.BuiltinCode() or code.DeprecatedBuiltinCode()  # older files know the second alone


def fill(modules: list[nn.Module], layers: Layers) -> None:
    """Gives each convolution and PReLU the next constants of its kind. modules: in the file's order. A module may
    have more channels than the file, by less than a block, and a kernel of one more row and column: zeros (see
    blaze.py). Raises ValueError where a shape or a count differs otherwise."""
    convolutions, depthwise, slopes = map(iter, (layers.convolutions, layers.depthwise, layers.slopes))
    with torch.no_grad():
        for module in modules:
            if isinstance(module, nn.Conv2d):
                weight, bias = next(depthwise if module.groups > 1 else convolutions)
                _place(module.weight, weight)
                _place(module.bias, bias)
            elif isinstance(module, nn.PReLU):
                _place(module.weight, next(slopes))
    if any(next(rest, None) is not None for rest in (convolutions, depthwise, slopes)):
        raise ValueError("the file holds more layers than the network")


def _place(parameter: torch.Tensor, values: Array) -> None:
    """Channels from the first on, kernels flush with the last row and column."""
    extra = [wanted - given for wanted, given in zip(parameter.shape, values.shape, strict=True)]
    if any(not 0 <= channels < BLOCK for channels in extra[:2]) or any(not 0 <= k <= 1 for k in extra[2:]):
        raise ValueError(f"the network wants {tuple(parameter.shape)}, the file has {values.shape}")
    kernel = (slice(k, None) for k in extra[2:])
    parameter.zero_()
    parameter[(*(slice(given) for given in values.shape[:2]), *kernel)] = torch.from_numpy(values.copy())
