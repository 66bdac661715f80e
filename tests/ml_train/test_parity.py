"""What runs only beside torch and the originals; the ordinary tests compare with the golden outputs
instead."""

import json
import shutil
from importlib.metadata import distribution
from pathlib import Path

import numpy as np
import pytest
import torch

from backend.operations.portraits import portrait
from ml.export import RANGES, export, measure_ranges, with_embedder
from ml.face.detect import Detector
from ml.face.embed import Embedder, unit
from ml.face.manifest import MODELS, ROLES, Manifest
from ml.face.session import Net
from ml.nets import pretrained
from ml.quantise import PICTURES
from ml.train.checkpoint import Checkpoint, save
from tests.ml.pictures import PORTRAITS, image, pixels, side_by_side
from tests.ml_train.make_golden import GOLDEN, dlib_crops, mtcnn
from tests.ml_train.reference import dlib_embedding, facenet_faces
from tests.ml_train.train.prepared_folders import prepared

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


@pytest.fixture
def resnet() -> torch.nn.Module:
    return pretrained.resnet()


def embedded(resnet: torch.nn.Module, crop: np.ndarray) -> np.ndarray:
    with torch.no_grad():
        return resnet(torch.from_numpy(crop.copy()).permute(2, 0, 1)[None].float())[0].numpy()


def test_the_rebuilt_resnet_is_dlibs(resnet):
    golden = np.load(GOLDEN / "dlib.npz")
    noise = np.random.default_rng(7).integers(0, 256, (150, 150, 3), dtype=np.uint8)
    for crop in (*(golden[f"{name}.crop"] for name in PORTRAITS), noise):
        assert np.linalg.norm(embedded(resnet, crop) - dlib_embedding(crop)) <= 1e-5


def test_the_committed_embedder_points_where_dlib_does_on_noise_too():
    net = Net(Manifest.read(MODELS).model_bytes("embedder"))
    crops = np.random.default_rng(8).integers(0, 256, (8, 150, 150, 3), dtype=np.uint8)
    (embeddings,) = net(crops.transpose(0, 3, 1, 2).astype(np.float32))
    assert min(unit(e) @ unit(dlib_embedding(c)) for e, c in zip(embeddings, crops, strict=True)) >= 0.998


def test_a_face_in_int8_points_where_pytorch_does(resnet):
    embedder = Embedder(Net(Manifest.read(MODELS).model_bytes("embedder")))
    golden = np.load(GOLDEN / "dlib.npz")
    for name in PORTRAITS:
        crop = golden[f"{name}.crop"]
        exact = unit(embedded(resnet, crop) + embedded(resnet, crop[:, ::-1]))
        assert embedder.embed(crop) @ exact >= 0.999


@pytest.mark.parametrize("minsize_px", [40, 60])
def test_the_detector_finds_what_the_original_finds(minsize_px):  # 20: golden outputs
    manifest = Manifest.read(MODELS)
    nets = (Net(manifest.model_bytes(f"mtcnn-{name}net")) for name in "pro")
    detector = Detector(*nets, minsize_px=minsize_px)
    both = np.asarray(side_by_side(*(image(name) for name in PORTRAITS)))
    for picture in (*(pixels(name) for name in PORTRAITS), both):
        boxes, landmarks = facenet_faces(picture, minsize_px)
        faces = detector.faces(picture)
        assert len(faces) == len(boxes)
        for face in faces:
            nearest = np.abs(boxes[:, :4] - face.box).sum(axis=1).argmin()
            assert np.abs(boxes[nearest, :4] - face.box).max() <= 1
            assert np.abs(landmarks[nearest] - face.landmarks).max() <= 1


def test_the_golden_outputs_are_those_of_the_originals():
    written = json.loads((GOLDEN / "mtcnn.json").read_text())
    for name, found in mtcnn().items():
        for key, values in found.items():
            assert np.allclose(values, written[name][key], atol=1e-2)
    golden = np.load(GOLDEN / "dlib.npz")
    for name, values in dlib_crops().items():
        assert np.allclose(values, golden[name], atol=1e-5)


def test_the_committed_files_are_what_the_export_writes(tmp_path: Path):
    written = export(tmp_path)["models"]
    committed = json.loads((MODELS / "manifest.json").read_text())["models"]
    for role in set(ROLES) - {"cohort"}:
        assert written[role]["sha256"] == committed[role]["sha256"]
        assert written[role]["source"] == committed[role]["source"]
        assert written[role]["parity"]["onnx_against_torch"] <= 1e-4


def test_a_weight_file_of_another_version_is_refused():
    changed = pretrained.Source(pretrained.PNET.package, pretrained.PNET.file, "0" * 64)
    with pytest.raises(ValueError, match="expected 0000"):
        changed.path()


def test_the_portraits_are_the_packages_files_byte_for_byte():
    for package, file, name in (
        ("scikit-image", "skimage/data/astronaut.png", "eileen_collins"),
        ("matplotlib", "matplotlib/mpl-data/sample_data/grace_hopper.jpg", "grace_hopper"),
    ):
        assert Path(str(distribution(package).locate_file(file))).read_bytes() == portrait(name)


def test_a_trained_embedder_is_exported_under_its_own_version_and_the_cohort_stays(tmp_path: Path, resnet):
    with torch.no_grad():
        resnet.fc.weight += 0.01
    weights = {f"average.{name}": value for name, value in resnet.state_dict().items()}
    save(tmp_path / "last.pt", Checkpoint({}, 1, weights, {}, {}, []))
    models = shutil.copytree(MODELS, tmp_path / "models")
    trained = with_embedder(tmp_path / "last.pt", tmp_path / "ranges.json")
    measure_ranges(trained, prepared(tmp_path / "prepared", [""] * PICTURES, "noise"))
    export(models, trained, "trained-1")
    before, after = Manifest.read(MODELS), Manifest.read(models)
    assert after.model_version == "trained-1"
    assert after.sha256["embedder"] != before.sha256["embedder"]
    assert after.sha256["cohort"] == before.sha256["cohort"]
    assert after.thresholds == before.thresholds
    crop = np.random.default_rng(8).integers(0, 256, (150, 150, 3), dtype=np.uint8)
    (found,) = Net(after.model_bytes("embedder"))(crop.transpose(2, 0, 1)[None].astype(np.float32))
    assert unit(found[0]) @ unit(embedded(resnet, crop)) >= 0.99


def test_ranges_of_another_net_are_refused_by_the_name_of_their_file(tmp_path: Path, resnet):
    with torch.no_grad():
        resnet.fc.weight += 0.01
    weights = {f"average.{name}": value for name, value in resnet.state_dict().items()}
    save(tmp_path / "last.pt", Checkpoint({}, 1, weights, {}, {}, []))
    models = [m for m in with_embedder(tmp_path / "last.pt", RANGES) if m.role == "embedder"]
    with pytest.raises(
        ValueError, match=r"embedder_ranges\.json: ranges measured on weights .* measure them anew"
    ):
        export(tmp_path / "models", tuple(models), "trained-1")
