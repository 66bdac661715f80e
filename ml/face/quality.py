"""Is this picture of a face good enough to enrol or to verify? Measured first, judged after."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from math import atan, atan2, degrees, hypot

import numpy as np
from numpy.typing import NDArray

from ml.face.align import TEMPLATE_PX, similarity
from ml.face.detect import Face
from ml.face.reasons import PictureRefused, Reason


class Purpose(StrEnum):
    """Enrolment is stricter: a poor template costs at every later payment."""

    ENROL = "enrol"
    VERIFY = "verify"


@dataclass(frozen=True, slots=True)
class Quality:
    """Angles are estimates from five points, good to about ten degrees; positive yaw: nose towards the
    image's right, positive pitch: nose down, positive roll: clockwise."""

    score: float  # the detector's probability
    eye_distance_px: float
    inside: float  # share of the face box inside the picture
    yaw_deg: float
    pitch_deg: float
    roll_deg: float
    highlight: float  # grey level that a tenth of the face exceeds, 0..255; skin tone hardly moves it
    clipped: float  # share of the face that is white (250 or more)
    contrast: float  # standard deviation of the face's grey levels
    sharpness: float  # variance of the Laplacian over the variance of the grey levels, in the crop


@dataclass(frozen=True, slots=True)
class Limits:
    other_face_side: float  # a second face counts from this share of the largest face's side on
    eye_distance_px: float
    inside: float
    yaw_deg: float
    pitch_deg: float
    roll_deg: float
    highlight: float
    clipped: float
    contrast: float
    sharpness: float


# Set on 1,796 training pictures (Pins, 90 people): at a blur of 2 px in the crop (sharpness 0.007) a
# picture's own cosine falls to 0.98, at 3 px (0.003) to 0.96; at yaw 31 to 45 degrees FNMR is 1.4 times the
# usual, beyond 2 times.
LIMITS = {
    Purpose.ENROL: Limits(
        other_face_side=0.33, eye_distance_px=28, inside=0.96, yaw_deg=30, pitch_deg=25, roll_deg=25,
        highlight=70, clipped=0.2, contrast=15, sharpness=0.013,
    ),
    Purpose.VERIFY: Limits(
        other_face_side=0.5, eye_distance_px=22, inside=0.92, yaw_deg=40, pitch_deg=30, roll_deg=35,
        highlight=40, clipped=0.35, contrast=10, sharpness=0.0065,
    ),
}  # fmt: skip

OTHER_FACE_SCORE = 0.95  # a doubtful second detection is not a person

# How far the nose tip stands out of the plane of eyes and mouth, in distances between the eyes.
# The mesh follows a turned nose further than MTCNN does: on 399 training pictures both give the same spread.
NOSE_DEPTH = 0.55
MESH_NOSE_DEPTH = 0.65
# MTCNN's box swells where the picture ends: of 270 faces cut by a known share it put 2.5 times as much outside.
MTCNN_OUTSIDE = 2.5
FACE = (slice(30, 126), slice(30, 121))  # rows and columns of the crop that show skin on every face
GREY = np.array([0.299, 0.587, 0.114], np.float32)


def the_face(faces: Sequence[Face], purpose: Purpose) -> Face:
    """The largest face, if it is alone: others count when apart from it, sure and at least a share
    (`other_face_side`) of its side, so people far behind do not disturb. faces: largest first. Raises
    no_face, several_faces."""
    if not faces:
        raise PictureRefused(Reason.NO_FACE)
    largest, *others = faces
    smallest_px = LIMITS[purpose].other_face_side * largest.side_px
    counted = [
        face
        for face in others
        if face.score >= OTHER_FACE_SCORE and face.side_px >= smallest_px and face.apart_from(largest)
    ]
    if counted:
        raise PictureRefused(Reason.SEVERAL_FACES, faces=1 + len(counted))
    return largest


def measure(image: NDArray[np.uint8], face: Face, crop: NDArray[np.uint8]) -> Quality:
    """image: (H, W, 3) uint8 in which the face was found. crop: (150, 150, 3) uint8, aligned."""
    yaw, pitch, roll = pose(face.landmarks, NOSE_DEPTH if face.mesh is None else MESH_NOSE_DEPTH)
    eyes = face.landmarks[1] - face.landmarks[0]
    grey = (crop.astype(np.float32) @ GREY)[FACE]
    laplacian = (
        grey[:-2, 1:-1] + grey[2:, 1:-1] + grey[1:-1, :-2] + grey[1:-1, 2:] - 4 * grey[1:-1, 1:-1]
    )  # (94, 89)
    return Quality(
        score=face.score,
        eye_distance_px=hypot(float(eyes[0]), float(eyes[1])),
        inside=_inside(face, width=image.shape[1], height=image.shape[0]),
        yaw_deg=yaw,
        pitch_deg=pitch,
        roll_deg=roll,
        highlight=float(np.percentile(grey, 90)),
        clipped=float((grey >= 250).mean()),
        contrast=float(grey.std()),
        sharpness=float(laplacian.var() / (grey.var() + 1e-3)),
    )


def judge(quality: Quality, purpose: Purpose) -> None:
    """Raises PictureRefused with the first reason that applies; its facts hold the value and the limit."""
    limits = LIMITS[purpose]
    rules = (
        (Reason.FACE_CUT_OFF, quality.inside, limits.inside, quality.inside < limits.inside),
        (
            Reason.FACE_TOO_SMALL,
            quality.eye_distance_px,
            limits.eye_distance_px,
            quality.eye_distance_px < limits.eye_distance_px,
        ),
        (Reason.FACE_TURNED, quality.yaw_deg, limits.yaw_deg, abs(quality.yaw_deg) > limits.yaw_deg),
        (Reason.FACE_TURNED, quality.pitch_deg, limits.pitch_deg, abs(quality.pitch_deg) > limits.pitch_deg),
        (Reason.FACE_TURNED, quality.roll_deg, limits.roll_deg, abs(quality.roll_deg) > limits.roll_deg),
        (Reason.FACE_TOO_DARK, quality.highlight, limits.highlight, quality.highlight < limits.highlight),
        (Reason.FACE_TOO_BRIGHT, quality.clipped, limits.clipped, quality.clipped > limits.clipped),
        (Reason.FACE_LOW_CONTRAST, quality.contrast, limits.contrast, quality.contrast < limits.contrast),
        (Reason.FACE_TOO_BLURRED, quality.sharpness, limits.sharpness, quality.sharpness < limits.sharpness),
    )
    for reason, value, limit, broken in rules:
        if broken:
            raise PictureRefused(reason, value=round(value, 4), limit=limit)


def pose(landmarks: NDArray[np.floating], nose_depth: float = NOSE_DEPTH) -> tuple[float, float, float]:
    """Yaw, pitch and roll in degrees from (5, 2) points, by how far the nose tip strays from its place
    between eyes and mouth once the face is upright. An estimate: noses differ."""
    points = np.asarray(landmarks, np.float64)
    eyes, mouth = points[:2].mean(axis=0), points[3:].mean(axis=0)
    across = points[1] - points[0]
    roll = degrees(atan2(across[1], across[0]))
    turn, shift = similarity(points, TEMPLATE_PX)
    eyes, mouth, nose = (turn @ point + shift for point in (eyes, mouth, points[2]))
    width = hypot(*(turn @ across))
    middle = (eyes + mouth) / 2
    usual = TEMPLATE_PX[2, 1] - (TEMPLATE_PX[:2, 1].mean() + TEMPLATE_PX[3:, 1].mean()) / 2
    yaw = degrees(atan((nose[0] - middle[0]) / (nose_depth * width)))
    pitch = degrees(atan((nose[1] - middle[1] - usual) / (nose_depth * width)))
    return yaw, pitch, roll


def _inside(face: Face, *, width: int, height: int) -> float:
    left, top, right, bottom = (float(edge) for edge in face.box)
    seen = max(0.0, min(right, width) - max(left, 0.0)) * max(0.0, min(bottom, height) - max(top, 0.0))
    area = (right - left) * (bottom - top)
    outside = 1 - seen / area if area > 0 else 1.0
    return 1 - outside / (MTCNN_OUTSIDE if face.mesh is None else 1)
