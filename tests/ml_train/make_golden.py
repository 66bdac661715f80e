"""Writes tests/ml/golden from the originals: python -m tests.ml_train.make_golden

mtcnn.json: facenet-pytorch's boxes and landmarks at minsize 20. dlib.npz: for each portrait dlib's five
points, its own 150 x 150 crop and its embedding of that crop. mesh.npz: mediapipe's 468 points of the square around
dlib's five."""

import json
from pathlib import Path

import dlib
import numpy as np

from ml.nets import pretrained
from tests.ml.pictures import PORTRAITS, mesh_input, pixels
from tests.ml_train.lite import lite_mesh
from tests.ml_train.reference import dlib_embedding, facenet_faces

GOLDEN = Path(__file__).parents[1] / "ml" / "golden"


def mtcnn() -> dict[str, dict[str, object]]:
    found = {}
    for name in PORTRAITS:
        boxes, landmarks = facenet_faces(pixels(name), 20)
        found[name] = {"boxes": boxes.round(4).tolist(), "landmarks": landmarks.round(4).tolist()}
    return found


def dlib_crops() -> dict[str, np.ndarray]:
    folder = pretrained.RESNET.path().parent
    points_of = dlib.shape_predictor(str(folder / "shape_predictor_5_face_landmarks.dat"))
    found = {}
    for name in PORTRAITS:
        image = pixels(name)
        box = dlib.get_frontal_face_detector()(image, 1)[0]
        shape = points_of(image, box)
        crop = dlib.get_face_chip(image, shape, size=150, padding=0.25)
        found[f"{name}.points"] = np.array([(p.x, p.y) for p in shape.parts()], np.float64)
        found[f"{name}.crop"] = crop
        found[f"{name}.embedding"] = dlib_embedding(crop)
    return found


def mesh_crops() -> dict[str, np.ndarray]:
    return {name: mesh_input(name) for name in PORTRAITS}


if __name__ == "__main__":
    GOLDEN.mkdir(exist_ok=True)
    (GOLDEN / "mtcnn.json").write_text(json.dumps(mtcnn(), indent=1) + "\n")
    np.savez_compressed(GOLDEN / "dlib.npz", **dlib_crops())
    np.savez_compressed(
        GOLDEN / "mesh.npz", **{name: lite_mesh(crop)[0] for name, crop in mesh_crops().items()}
    )
