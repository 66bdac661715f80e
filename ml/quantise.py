"""A float32 ONNX graph and the ranges of its activations → the same graph in int8, by ONNX Runtime's own quantiser.

Weights: int8, one scale per output channel, symmetric. Activations: uint8, one fixed range a tensor. Weights use 7
of their 8 bits: without VNNI, x86 adds pairs of products in 16 bits and cuts off what does not fit (docs/adr/0015).
Convolutions and what ONNX Runtime fuses with them or reckons on bytes without loss of time; the rest stays float32.
"""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import onnx
from numpy.typing import NDArray
from onnxruntime.quantization import (
    CalibrationDataReader,
    CalibrationMethod,
    QuantFormat,
    QuantType,
    create_calibrator,
    quant_pre_process,
    quantize_static,
)
from onnxruntime.quantization.calibrate import TensorData, TensorsData, save_tensors_data

from ml.data.files import DataUnusable, read_text, write_text
from ml.data.prepared import Prepared
from ml.data.splits import Split

OPERATORS = ["Conv", "Add", "Relu", "Clip", "MaxPool"]
PICTURES = 500  # crops that the ranges are measured on
BATCH = 10
SEED = 1

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Ranges:
    """Lowest and highest value of each tensor, and which net and pictures they were seen on."""

    weights_sha256: str
    sets: list[str]
    split_sha256: str
    pictures: int
    seed: int
    tensors: dict[str, tuple[float, float]]

    @classmethod
    def read(cls, path: Path) -> "Ranges":
        """Raises DataUnusable, naming the file."""
        try:
            found = cls(**json.loads(read_text(path)))
            pairs = {name: (float(low), float(high)) for name, (low, high) in found.tensors.items()}
        except (ValueError, TypeError, AttributeError) as error:
            raise DataUnusable(f"{path} is no file of ranges ({error!r}).") from error
        return cls(**{**asdict(found), "tensors": pairs})

    def write(self, path: Path) -> None:
        facts = asdict(self)
        tensors = facts.pop("tensors")
        lines = [f"  {json.dumps(name)}: {json.dumps(pair)}" for name, pair in tensors.items()]
        head = json.dumps(facts, indent=1).removesuffix("\n}")
        write_text(path, head + ',\n "tensors": {\n' + ",\n".join(lines) + "\n }\n}\n")


def quantised(graph: onnx.ModelProto, ranges: Ranges) -> onnx.ModelProto:
    """graph: float32, as it was exported. Raises ValueError where the ranges are another net's."""
    digest = weights_sha256(graph)
    if digest != ranges.weights_sha256:
        raise ValueError(
            f"ranges measured on weights {ranges.weights_sha256[:12]}, these are {digest[:12]}: measure them anew"
        )
    bounds = {
        name: TensorData(lowest=np.float32(low), highest=np.float32(high))
        for name, (low, high) in ranges.tensors.items()
    }
    with TemporaryDirectory() as folder:
        folded, known, out = (Path(folder) / name for name in ("folded.onnx", "ranges.json", "out.onnx"))
        _fold(graph, folded)
        save_tensors_data(TensorsData(CalibrationMethod.MinMax, bounds), known)
        quantize_static(
            str(folded), str(out), quant_format=QuantFormat.QDQ, op_types_to_quantize=OPERATORS,
            per_channel=True, reduce_range=True, activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8, calibration_cache_path=known,
        )  # fmt: skip
        model = onnx.load(str(out))
    onnx.checker.check_model(model, full_check=True)
    return model


def measure(graph: onnx.ModelProto, prepared: Prepared) -> Ranges:
    """Over crops of the training split. Raises DataUnusable where it holds fewer than PICTURES."""
    train = prepared.where(Split.TRAIN)
    if len(train) < PICTURES:
        raise DataUnusable(f"{prepared.folder} has {len(train)} training pictures; ranges need {PICTURES}.")
    chosen = np.random.default_rng(SEED).choice(train, PICTURES, replace=False)
    crops = prepared.served(chosen).transpose(0, 3, 1, 2).astype(np.float32)
    return Ranges(
        weights_sha256=weights_sha256(graph),
        sets=sorted(set(prepared.sets[chosen].tolist())),
        split_sha256=prepared.split_sha256,
        pictures=PICTURES,
        seed=SEED,
        tensors=ranges_over(graph, crops),
    )


def ranges_over(graph: onnx.ModelProto, crops: Floats) -> dict[str, tuple[float, float]]:
    """crops: (n, 3, height, width) as the graph takes them."""
    with TemporaryDirectory() as folder:
        folded = Path(folder) / "folded.onnx"
        _fold(graph, folded)
        calibrator = create_calibrator(
            folded, OPERATORS, str(Path(folder) / "watched.onnx"), CalibrationMethod.MinMax
        )
        calibrator.collect_data(_Batches(graph.graph.input[0].name, crops))
        found = calibrator.compute_data()
    return {name: _pair(found[name].range_value) for name in sorted(found.keys())}


def weights_sha256(graph: onnx.ModelProto) -> str:
    """Of all constants as they were exported, whatever their names."""
    digest = hashlib.sha256()
    for tensor in graph.graph.initializer:
        digest.update(str((tensor.data_type, list(tensor.dims))).encode())
        digest.update(tensor.raw_data)
    return digest.hexdigest()


class _Batches(CalibrationDataReader):
    def __init__(self, name: str, crops: Floats) -> None:
        batches = range(0, len(crops), BATCH)
        self._feeds: Iterator[dict[str, Floats]] = iter({name: crops[at : at + BATCH]} for at in batches)

    def get_next(self) -> dict[str, Floats] | None:
        return next(self._feeds, None)


def _fold(graph: onnx.ModelProto, out: Path) -> None:
    """Constants reckoned, batch norms folded into convolutions, shapes written down."""
    own = onnx.ModelProto()
    own.CopyFrom(graph)  # the call below takes the constants out of what it is given
    quant_pre_process(own, str(out), skip_symbolic_shape=True)


def _pair(bounds: tuple[Floats, Floats]) -> tuple[float, float]:
    low, high = (float(f"{np.ravel(bound)[0]:.6g}") for bound in bounds)
    return low, high
