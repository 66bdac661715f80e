import pytest
import torch
from torch import nn

from ml.nets.paper_cnn import EMBEDDING, VARIANTS, PaperCNN, cost
from ml.nets.similarity_mlp import SimilarityMLP, Version


@pytest.mark.parametrize("name", VARIANTS)
def test_every_variant_gives_2048_numbers_of_unit_length(name):
    net = PaperCNN(VARIANTS[name], 64).eval()
    with torch.no_grad():
        out = net(torch.rand(2, 3, 64, 64))
    assert out.shape == (2, EMBEDDING)
    assert torch.allclose(out.norm(dim=1), torch.ones(2), atol=1e-5)


def test_the_papers_picture_of_220_pixels_passes_four_stages():
    net = PaperCNN(VARIANTS["fc-64"])
    assert [stage.conv.out_channels for stage in net.stages] == [64, 128, 256, 256]
    counted = cost(net)
    assert counted.parameters == sum(p.numel() for p in net.parameters())
    assert 1e8 < counted.multiply_adds < 1e9
    assert net.training


def test_embeddings_of_fc_64_lie_in_65_dimensions():
    net = PaperCNN(VARIANTS["fc-64"], 32).eval()
    with torch.no_grad():
        out = net(torch.rand(200, 3, 32, 32))
    assert torch.linalg.matrix_rank(out.double(), rtol=1e-6) <= 65


def test_dropout_stands_where_the_variant_says():
    layers = {
        name: sum(isinstance(m, nn.Dropout) for m in PaperCNN(variant, 64).modules())
        for name, variant in VARIANTS.items()
    }
    assert layers["conv-dropout-1024"] == 1
    assert layers["two-dropouts-1024"] == 2
    assert sum(layers.values()) == 3


@pytest.mark.parametrize("size_px", [16, 96])
def test_a_size_that_cannot_be_built_is_refused(size_px):
    with pytest.raises(ValueError, match=r"least 32|3 x 3"):
        PaperCNN(VARIANTS["flattened"], size_px)


@pytest.mark.parametrize(
    ("version", "inputs", "parameters"),
    [(Version.ONE, 55, 40_321), (Version.ONE_SHORT, 55, 23_809), (Version.TWO, 48, 3_201)],
)
def test_the_classifiers_have_as_many_parameters_as_counted_by_hand(version, inputs, parameters):
    net = SimilarityMLP(inputs, version)
    assert sum(p.numel() for p in net.parameters()) == parameters


def test_a_folded_classifier_needs_no_scale():
    net = SimilarityMLP(5, Version.TWO)
    net.scale.copy_(torch.tensor([1.0, 0.5, 2, 0.01, 3]))
    x = torch.rand(7, 5)
    (w0, b0), (w1, b1) = net.folded()
    by_hand = torch.relu(x @ w0.T + b0) @ w1.T + b1
    assert torch.allclose(net(x), by_hand[:, 0], atol=1e-5)
