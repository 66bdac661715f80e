"""Where the face of a training picture is, and its crop: the one place that knows which detector training uses.

Geometry is serving's own (ml.face): the middle 150 px of a crop are what serving embeds from the same picture.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ml.data.readers import Picture, Reader
from ml.face.align import SIZE_PX, align, place
from ml.face.detect import Face
from ml.face.image import decode
from ml.face.pipeline import FaceEngine
from ml.face.quality import Purpose, Quality, judge, measure
from ml.face.reasons import PictureRefused

MARGIN_PX = 21  # on every side of the 150 px crop, so that augmentation may shift and turn
CROP_PX = SIZE_PX + 2 * MARGIN_PX
SERVED = slice(MARGIN_PX, MARGIN_PX + SIZE_PX)  # rows and columns that serving sees
MESH_POINTS = 468

Pixels = NDArray[np.uint8]


@dataclass(frozen=True, slots=True, eq=False)
class Cut:
    """One picture's yield. problem: why there is none (a picture_… reason), empty when undetected or fine; crop
    (192, 192, 3) uint8 or None; points (468, 2) float32 in px of the crop, NaN without a mesh; quality: `enrol`
    or `verify` if serving would take it for that, else the reason it would give; embedding (128,) if asked."""

    problem: str = ""
    crop: Pixels | None = None
    points: NDArray[np.float32] | None = None
    quality: str = ""
    embedding: NDArray[np.float32] | None = None


class Finder:
    def __init__(self, engine: FaceEngine) -> None:
        self._engine = engine
        self.version = engine.model_version

    def faces(self, image: Pixels) -> list[Face]:
        return self._engine.detector.faces(image)

    def find(self, image: Pixels) -> Face | None:
        return middle_face(self.faces(image), image)

    def mesh(self, image: Pixels) -> NDArray[np.floating] | None:
        """(468, 2) px of that face; None without a face, or where only MTCNN found it."""
        face = self.find(image)
        return None if face is None else face.mesh

    def cut(self, picture: Picture, reader: Reader, *, embed: bool) -> Cut:
        try:
            image, scale = enlarged(decode(picture.read()), reader)
        except PictureRefused as refusal:
            return Cut(problem=refusal.reason.value)
        except OSError as error:
            return Cut(problem=error.strerror or "cannot be read")
        face = self.find(image)
        if face is None:
            return Cut()
        crop = align(image, face.landmarks, margin_px=MARGIN_PX)
        served = crop[SERVED, SERVED]
        points = np.full((MESH_POINTS, 2), np.nan, np.float32)
        if face.mesh is not None:
            points[:] = place(face.mesh, face.landmarks, margin_px=MARGIN_PX)
        quality = measure(image, face, served)
        quality = replace(quality, eye_distance_px=quality.eye_distance_px / scale)
        embedding = self.embed(served) if embed else None
        return Cut(crop=crop, points=points, quality=_fit_for(quality), embedding=embedding)

    def embed(self, served: Pixels) -> NDArray[np.float32]:
        """served: (150, 150, 3). Returns (128,) of length 1."""
        return self._engine.embedder.embed(np.ascontiguousarray(served))


def middle_face(faces: list[Face], image: Pixels) -> Face | None:
    """The face that a picture of one person is of: near the middle, with half its side as head start for large ones.
    None for no face."""
    centre = np.array([image.shape[1], image.shape[0]]) / 2

    def distance_px(face: Face) -> float:
        off = (face.box[:2] + face.box[2:]) / 2 - centre
        return float(np.hypot(off[0], off[1])) - face.side_px / 2

    return min(faces, key=distance_px, default=None)


def enlarged(image: Pixels, reader: Reader) -> tuple[Pixels, float]:
    """Tight crops at a size and with an edge (the outermost pixels repeated) that a detector can use; and by how
    much they were enlarged."""
    scale = 1.0
    if reader.scale_to_px:
        scale = reader.scale_to_px / max(image.shape[:2])
        size = (max(1, round(image.shape[1] * scale)), max(1, round(image.shape[0] * scale)))
        image = np.asarray(Image.fromarray(image).resize(size, Image.Resampling.BICUBIC))
    pad = (reader.pad_px, reader.pad_px)
    return np.pad(image, (pad, pad, (0, 0)), mode="edge"), scale


def _fit_for(quality: Quality) -> str:
    for purpose in (Purpose.ENROL, Purpose.VERIFY):
        try:
            judge(quality, purpose)
        except PictureRefused as refusal:
            reason = refusal.reason.value
        else:
            return purpose.value
    return reason
