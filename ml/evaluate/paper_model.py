"""The paper's network: 220 x 220 picture → embedding → PCA; the similarity of two is its classifier's logit.

Folder: manifest.json with the roles `paper-embedder` (ONNX, (batch, 3, 220, 220) float32 RGB 0..255),
`paper-similarity` (ONNX, |difference| (batch, k) → logit (batch, 1)) and the detector's three nets; under `pca` the
name of an .npz with mean (d,) and components (k, d).
"""

from pathlib import Path

import numpy as np
from PIL import Image

from ml.data.finder import middle_face
from ml.evaluate.errors import EvaluationError
from ml.evaluate.models import Matrix, Name, Vector
from ml.evaluate.onnx_folder import OnnxFolder
from ml.face.align import align
from ml.face.detect import Detector
from ml.face.image import decode
from ml.face.session import Net

SIZE_PX = 220
ROWS = 64  # probes compared at once with all templates


class Paper:
    name: Name = "paper"
    threshold: float | None = 0.0  # the logit at which the classifier says 0.5

    def __init__(self, models: Path | None) -> None:
        if models is None:
            raise EvaluationError(
                "the paper's network does not ship: train it and name its folder with --models DIR"
            )
        folder = OnnxFolder.read(models)
        self.version = str(folder.content.get("model_version", "paper"))
        self._detector = Detector(
            Net(folder.bytes_of("mtcnn-pnet"), arena=False),
            Net(folder.bytes_of("mtcnn-rnet")),
            Net(folder.bytes_of("mtcnn-onet")),
        )
        self._embedder = Net(folder.bytes_of("paper-embedder"))
        self._similarity = Net(folder.bytes_of("paper-similarity"))
        file = models / str(folder.content.get("pca", "paper-pca.npz"))
        try:
            with np.load(file) as pca:
                self._mean, self._components = pca["mean"], pca["components"]
        except (OSError, KeyError, ValueError) as error:
            raise EvaluationError(f"{file} is not the PCA of the paper's network ({error})") from error

    def embed(self, picture: bytes) -> Vector | None:
        image = decode(picture)
        face = middle_face(self._detector.faces(image), image)
        if face is None:
            return None
        crop = Image.fromarray(align(image, face.landmarks)).resize(
            (SIZE_PX, SIZE_PX), Image.Resampling.BICUBIC
        )
        batch = np.asarray(crop, np.float32).transpose(2, 0, 1)[None]
        (embedding,) = self._embedder(np.ascontiguousarray(batch))
        return np.asarray((embedding[0] - self._mean) @ self._components.T, np.float32)

    def template(self, embeddings: Matrix) -> Vector:
        return np.asarray(embeddings.mean(axis=0), np.float32)

    def scores(self, probes: Matrix, templates: Matrix) -> Matrix:
        scores = np.empty((len(probes), len(templates)), np.float32)
        for top in range(0, len(probes), ROWS):
            apart = np.abs(probes[top : top + ROWS, None] - templates[None])  # (rows, R, k)
            (logits,) = self._similarity(apart.reshape(-1, apart.shape[-1]))
            scores[top : top + ROWS] = logits.reshape(len(apart), -1)
        return scores
