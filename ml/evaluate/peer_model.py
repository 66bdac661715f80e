"""face_recognition (ageitgey), as its README uses it: HOG detector, 128 numbers, Euclidean distance, 0.6."""

import io
from importlib import import_module, metadata

import numpy as np
from PIL import Image

from ml.evaluate.errors import EvaluationError
from ml.evaluate.models import Matrix, Name, Vector, minus_euclidean

INSTALL = (
    "the peer is not installed; in an environment of its own:\n"
    "  pip install numpy pillow onnxruntime tqdm click dlib-bin 'setuptools<81'\n"
    "  pip install --no-deps face_recognition face_recognition_models"
)


class Peer:
    name: Name = "peer"
    threshold: float | None = -0.6

    def __init__(self) -> None:
        try:
            self._package = import_module("face_recognition")
        except (ImportError, SystemExit) as error:  # without pkg_resources the package calls quit()
            raise EvaluationError(INSTALL) from error
        self.version = f"face_recognition-{metadata.version('face_recognition')}"

    def embed(self, picture: bytes) -> Vector | None:
        """Of several faces the one in the middle, as for our own models."""
        with Image.open(io.BytesIO(picture)) as opened:
            image = np.asarray(opened.convert("RGB"))
        boxes = self._package.face_locations(image)  # top, right, bottom, left
        if not boxes:
            return None
        centre = np.array(image.shape[:2]) / 2

        def distance(box: tuple[int, int, int, int]) -> float:
            top, right, bottom, left = box
            off = np.array([(top + bottom) / 2, (left + right) / 2]) - centre
            return float(np.hypot(*off)) - (bottom - top) / 2

        (encoding,) = self._package.face_encodings(image, [min(boxes, key=distance)])
        return np.asarray(encoding, np.float32)

    def template(self, embeddings: Matrix) -> Vector:
        return np.asarray(embeddings.mean(axis=0), np.float32)

    def scores(self, probes: Matrix, templates: Matrix) -> Matrix:
        return minus_euclidean(probes, templates)
