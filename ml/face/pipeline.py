"""The one door into the face models: picture → probe → similarity."""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ml.face.align import align
from ml.face.blaze import BlazeFace
from ml.face.compare import Similarity, compare
from ml.face.detect import Detector
from ml.face.embed import Embedder, Embedding
from ml.face.front import Front
from ml.face.image import decode
from ml.face.manifest import MODELS, Manifest, Threshold
from ml.face.memory import give_back, share_heaps
from ml.face.mesh import Mesh
from ml.face.normalise import Cohort
from ml.face.quality import LIMITS, Purpose, Quality, judge, measure, the_face
from ml.face.session import Net

FMR = 1e-4  # the false match rate that is aimed at where nobody says another (FIDO's limit)


@dataclass(frozen=True, slots=True, eq=False)
class Probe:
    """One accepted picture of one face. box (4,) and landmarks (5, 2) are in px of the picture as it was
    looked at: upright, reduced to `width` x `height`. No pixel is kept."""

    embedding: Embedding  # (128,) float32, length 1
    quality: Quality
    box: NDArray[np.float32]
    landmarks: NDArray[np.float32]
    width: int
    height: int

    def __repr__(self) -> str:
        return f"Probe({self.width}x{self.height}, template withheld)"


class FaceEngine:
    """Thread-safe: nothing changes after loading, and each call computes on its caller's thread."""

    def __init__(
        self, detector: Front, embedder: Embedder, *, cohort: Cohort, threshold: Threshold, model_version: str
    ) -> None:
        self.detector, self.embedder = detector, embedder
        self.cohort, self.threshold = cohort, threshold
        self.model_version = model_version

    @classmethod
    def load(cls, models: Path = MODELS, threads: int = 1, fmr: float = FMR) -> "FaceEngine":
        """Raises ModelsUnusable, naming the file, when one is missing or differs from the manifest, or where no
        threshold was measured for `fmr`. threads: of one inference; leave it at 1 where several requests run side
        by side."""
        share_heaps()
        manifest = Manifest.read(models)

        def net(role: str, *, arena: bool = True) -> Net:
            return Net(manifest.model_bytes(role), threads=threads, arena=arena)

        mtcnn = Detector(net("mtcnn-pnet", arena=False), net("mtcnn-rnet"), net("mtcnn-onet"))
        detector = Front(BlazeFace(net("blazeface")), Mesh(net("facemesh")), mtcnn)
        embedder = Embedder(net("embedder"))
        packed = np.load(io.BytesIO(manifest.model_bytes("cohort")), allow_pickle=False)
        cohort = Cohort.unpack(packed, manifest.nearest)
        give_back()
        return cls(
            detector,
            embedder,
            cohort=cohort,
            threshold=manifest.threshold(fmr),
            model_version=manifest.model_version,
        )

    def read(self, picture: bytes, purpose: Purpose = Purpose.VERIFY) -> Probe:
        """picture: a JPEG, PNG or WebP file. Raises PictureRefused with a stable reason: what is wrong with
        the file, no_face, several_faces, or the first limit of `purpose` that the face misses."""
        image = decode(picture)
        found = self.detector.faces(image, other_side=LIMITS[purpose].other_face_side)
        face = the_face(found, purpose)
        crop = align(image, face.landmarks)
        quality = measure(image, face, crop)
        judge(quality, purpose)
        return Probe(
            embedding=self.embedder.embed(crop),
            quality=quality,
            box=face.box,
            landmarks=face.landmarks,
            width=image.shape[1],
            height=image.shape[0],
        )

    def compare(
        self, probe: Probe | NDArray[np.floating], references: Sequence[NDArray[np.floating]]
    ) -> Similarity:
        """references: one or more (128,) templates of one person, made by `model_version`."""
        vector = probe.embedding if isinstance(probe, Probe) else probe
        return compare(
            vector, references, cohort=self.cohort, threshold=self.threshold, model=self.model_version
        )
