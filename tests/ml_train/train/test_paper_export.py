"""The exported paper's network is what training knew, read by the room that measures."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from backend.operations.portraits import portrait, variants
from ml.evaluate.__main__ import main
from ml.evaluate.choice import ModelSpec
from ml.face.align import align
from ml.face.image import decode
from ml.face.pipeline import FaceEngine
from ml.nets.paper_cnn import VARIANTS, PaperCNN
from ml.nets.similarity_mlp import SimilarityMLP, Version
from ml.train import pca
from ml.train.paper_export import export
from ml.train.paper_run import PaperRun
from tests.ml.pictures import COLLINS, HOPPER


@pytest.fixture(scope="module")
def trained() -> tuple[PaperCNN, pca.PCA, SimilarityMLP]:
    torch.manual_seed(7)
    net = PaperCNN(VARIANTS["fc-64"], 64).eval()
    with torch.no_grad():
        fitted = pca.fit(net(torch.rand(40, 3, 64, 64)).numpy()).first(12)
    mlp = SimilarityMLP(12, Version.TWO).eval()
    mlp.scale.copy_(torch.logspace(-1, -4, 12))  # as components shrink
    return net, fitted, mlp


@pytest.fixture(scope="module")
def folder(trained, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("paper")
    export(*trained, PaperRun(size_px=64), folder)
    return folder


def test_an_exported_network_measures_pictures_as_it_did_in_training(trained, folder):
    net, fitted, mlp = trained
    model = ModelSpec("paper", folder).load()
    mtcnn = FaceEngine.load().detector.mtcnn
    stored, expected = [], []
    for name in (COLLINS, HOPPER):
        stored.append(model.embed(portrait(name)))
        image = decode(portrait(name))
        (face,) = mtcnn.faces(image)
        crop = Image.fromarray(align(image, face.landmarks)).resize((64, 64), Image.Resampling.BICUBIC)
        with torch.no_grad():
            embedding = net(torch.from_numpy(np.array(crop)).permute(2, 0, 1)[None].float() / 255)
        expected.append(fitted.project(embedding.numpy())[0])
    spread = np.abs(expected[0] - expected[1]).max()
    # the picture reaches the net by way of 220 px there, straight from the crop here
    np.testing.assert_allclose(stored, expected, atol=0.05 * spread)

    probes, templates = np.array(stored), np.stack([model.template(np.array([one])) for one in stored])
    logits = model.scores(probes, templates)
    apart = np.abs(probes[:, None] - templates[None]).reshape(-1, 12)
    with torch.no_grad():
        np.testing.assert_allclose(logits.ravel(), mlp(torch.from_numpy(apart)).numpy(), rtol=1e-4, atol=1e-4)
    assert model.threshold == 0  # the logit of probability one half


def test_the_measuring_command_takes_the_folder_that_training_wrote(folder, tmp_path, capsys):
    for name in (COLLINS, HOPPER):
        (tmp_path / name).mkdir()
        for number, picture in enumerate(variants(name)[:2]):
            (tmp_path / name / f"{number}.jpg").write_bytes(picture)
    command = ["all-pairs", "--images", str(tmp_path), "--model", "paper", "--models", str(folder), "--json"]
    assert main(command) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["model"], found["undetected"]) == ("paper", 0)
