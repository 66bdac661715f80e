"""The pipeline that serves, and what it grew out of."""

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from ml.data.finder import middle_face
from ml.evaluate.errors import EvaluationError
from ml.evaluate.models import Matrix, Name, Vector, minus_euclidean
from ml.evaluate.onnx_folder import OnnxFolder
from ml.face.align import align
from ml.face.detect import Detector
from ml.face.embed import unit
from ml.face.image import decode
from ml.face.manifest import MODELS
from ml.face.pipeline import FaceEngine
from ml.face.session import Net

# The dlib ResNet as python -m ml.export --untuned writes it; the embedder that ships is its copy in int8.
UNTUNED_SHA256 = "8cfc3cade3945b69d0ef0e4361b0a2ddf2dff4452e4851aec361cb918bf0170d"


@dataclass
class Default:
    """The pipeline that serves, read leniently: no quality limit, and of several faces the one in the middle."""

    models: Path
    name: Name = "default"
    version: str = field(init=False)
    threshold: float | None = field(init=False)

    def __post_init__(self) -> None:
        self.engine = FaceEngine.load(self.models)
        self.version = self.engine.model_version
        self.threshold = self.engine.threshold.score

    def embed(self, picture: bytes) -> Vector | None:
        image = decode(picture)
        face = middle_face(self.engine.detector.faces(image), image)
        return None if face is None else self.engine.embedder.embed(align(image, face.landmarks))

    def template(self, embeddings: Matrix) -> Vector:
        return unit(embeddings.mean(axis=0))

    def scores(self, probes: Matrix, templates: Matrix) -> Matrix:
        return self.engine.cohort.scores(probes, templates)


class Untuned:
    """The plain dlib ResNet: raw embedding of MTCNN's five points' crop, minus the Euclidean distance."""

    name: Name = "untuned"
    version = "dlib-resnet-v1+mtcnn40@untuned"
    threshold: float | None = -0.6  # as its author and face_recognition ship it

    def __init__(self, models: Path | None) -> None:
        folder = OnnxFolder.read(models or MODELS)
        if folder.sha256.get("embedder") != UNTUNED_SHA256:
            raise EvaluationError(
                f"{folder.path} does not hold the untuned net: run python -m ml.export --untuned --out DIR "
                "and name it with --models DIR"
            )
        self._detector = Detector(
            Net(folder.bytes_of("mtcnn-pnet"), arena=False),
            Net(folder.bytes_of("mtcnn-rnet")),
            Net(folder.bytes_of("mtcnn-onet")),
        )
        self._net = Net(folder.bytes_of("embedder"))

    def embed(self, picture: bytes) -> Vector | None:
        image = decode(picture)
        face = middle_face(self._detector.faces(image), image)
        if face is None:
            return None
        crop = align(image, face.landmarks).transpose(2, 0, 1)[None]
        (embedding,) = self._net(np.ascontiguousarray(crop, np.float32))
        return np.asarray(embedding[0], np.float32)

    def template(self, embeddings: Matrix) -> Vector:
        return np.asarray(embeddings.mean(axis=0), np.float32)

    def scores(self, probes: Matrix, templates: Matrix) -> Matrix:
        return minus_euclidean(probes, templates)
