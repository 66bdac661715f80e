"""Plots of a run of the paper's network. Curves and clusters show no face; the page of 22 pictures does."""

import base64
import io
from collections.abc import Sequence
from html import escape
from itertools import pairwise
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray
from PIL import Image

from ml.data.files import write_text
from ml.train.classifier import Embedded, Trained
from ml.train.pca import PCA
from ml.train.pictures import Pixels

PEOPLE_SHOWN = 8
PAGE_PICTURES = 22  # 231 pairs
mpl.rcParams["svg.hashsalt"] = "paper"  # the same figure, the same bytes


def plot_curve(curve: Sequence[dict[str, Any]], path: Path) -> None:
    """Loss, and share of triplets that meet the objective, of train and test by epoch."""
    epochs = [record["epoch"] for record in curve]
    figure, (left, right) = _figure(2)
    for axes, what, title in ((left, "loss", "triplet loss"), (right, "met", "share of triplets met")):
        for part in ("train", "test"):
            axes.plot(epochs, [record[f"{part}_{what}"] for record in curve], label=part)
        for before, after in pairwise(curve):
            if before["regime"] != after["regime"]:
                axes.axvline(after["epoch"] - 0.5, color="grey", linestyle=":")
                axes.annotate(
                    f" {after['regime']}",
                    (after["epoch"] - 0.5, 1),
                    xycoords=("data", "axes fraction"),
                    va="top",
                    fontsize=7,
                )
        axes.set(xlabel="epoch", title=title)
        axes.legend()
    _save(figure, path)


def plot_classifier(curve: Sequence[dict[str, Any]], path: Path) -> None:
    figure, (left, right) = _figure(2)
    epochs = [record["epoch"] for record in curve]
    left.plot(epochs, [record["loss"] for record in curve], label="train")
    left.set(xlabel="epoch", title="cross-entropy of the classifier")
    for part in ("train", "test"):
        right.plot(epochs, [record[f"{part}_accuracy"] for record in curve], label=part)
    right.set(xlabel="epoch", title="accuracy over pairs, half genuine")
    for axes in (left, right):
        axes.legend()
    _save(figure, path)


def plot_folds(records: Sequence[dict[str, Any]], path: Path) -> None:
    """For each architecture the share of triplets met by epoch, mean of the folds (the paper's figures 14, 15)."""
    figure, (left, right) = _figure(2)
    for axes, part in ((left, "train"), (right, "test")):
        for record in records:
            curves = [
                [e[f"{part}_met"] for e in fold["epochs"]]
                for fold in record["folds"]
                if "diverged" not in fold
            ]
            if curves:
                config = record["label"]["config"]
                name = config["variant"] + ("" if config["reshuffle"] else ", not reshuffled")
                axes.plot(
                    range(1, len(curves[0]) + 1), np.mean(curves, axis=0), label=f"{name}, {config['lr']:g}"
                )
        axes.set(
            xlabel="epoch", title=f"share of triplets met, {'trained on' if part == 'train' else 'held out'}"
        )
    right.legend(fontsize=7)
    _save(figure, path)


def plot_variance(phases: dict[str, PCA], path: Path) -> None:
    figure, (axes,) = _figure(1)
    for name, fitted in phases.items():
        total = np.cumsum(fitted.shares)[:100]
        axes.plot(
            range(1, len(total) + 1), total, label=f"{name}: {fitted.enough_for()} components for 99.99 %"
        )
    axes.axhline(0.9999, color="grey", linestyle=":")
    axes.set(xlabel="components", title="cumulative share of variance", ylim=(None, 1.005))
    axes.legend()
    _save(figure, path)


def plot_clusters(phases: dict[str, Embedded], path: Path) -> None:
    """The people with most pictures, along the two leading components."""
    figure, panels = _figure(len(phases))
    for axes, (name, part) in zip(panels, phases.items(), strict=True):
        people, counts = np.unique(part.people, return_counts=True)
        for person in people[np.argsort(-counts, kind="stable")[:PEOPLE_SHOWN]]:
            x = part.features[part.people == person][:60]
            axes.plot(x[:, 0], x[:, 1], "o", markersize=3, alpha=0.7)
        axes.set(title=name, xlabel="component 1", ylabel="component 2")
    _save(figure, path)


def plot_scores(scores: NDArray[np.float32], people: NDArray[np.int64], path: Path) -> None:
    """The matrix of the 22 pictures' pairs, ordered by person; no face is shown."""
    figure, (axes,) = _figure(1)
    shown = axes.imshow(scores, vmin=0, vmax=1, cmap="viridis")
    for cut in np.flatnonzero(np.diff(people)) + 0.5:
        axes.axhline(cut, color="white", linewidth=0.6)
        axes.axvline(cut, color="white", linewidth=0.6)
    axes.set(title="probability of one person, 22 pictures, 231 pairs", xticks=[], yticks=[])
    figure.colorbar(shown)
    _save(figure, path)


def page_of_pairs(pixels: Pixels, people: NDArray[np.int64], scores: NDArray[np.float32], path: Path) -> None:
    """An HTML page with the pictures along both sides and all pair scores in per cent. It shows faces: it stays
    where the run is."""
    heads = [f'<th><img src="{_data_url(picture)}" width="48"></th>' for picture in pixels]
    lines = []
    for i, head in enumerate(heads):
        tones = [("same" if people[i] == people[j] else "other", scores[i, j]) for j in range(len(heads))]
        cells = "".join(
            f'<td class="{escape(tone)}">{100 * s:.3g}</td>' if j != i else "<td>–</td>"
            for j, (tone, s) in enumerate(tones)
        )
        lines.append(f"<tr>{head}{cells}</tr>")
    style = (
        "td{text-align:center;font:12px sans-serif;padding:3px}.same{background:#cfc}.other{background:#eee}"
    )
    write_text(
        path,
        f'<!doctype html><meta charset="utf-8"><title>22 pictures</title><style>{style}</style>'
        f"<p>Probability in % that both pictures show one person; green: they do.</p>"
        f"<table><tr><th></th>{''.join(heads)}</tr>{''.join(lines)}</table>\n",
    )


def choose_for_page(people: NDArray[np.int64], seed: int) -> NDArray[np.int64]:
    """22 pictures in order of person: two each of eight people, one each of six, so that both kinds of pair occur."""
    rng = np.random.default_rng(seed)
    numbers, counts = np.unique(people, return_counts=True)
    several = rng.permutation(numbers[counts > 1])[:8]
    alone = rng.permutation(np.setdiff1d(numbers, several))[: PAGE_PICTURES - 2 * len(several)]
    chosen = [rng.permutation(np.flatnonzero(people == person))[:2] for person in several]
    chosen += [rng.permutation(np.flatnonzero(people == person))[:1] for person in alone]
    return np.concatenate(chosen)


def score_matrix(trained: Trained, features: NDArray[np.float32]) -> NDArray[np.float32]:
    n = len(features)
    left, right = np.repeat(features, n, axis=0), np.tile(features, (n, 1))
    return trained.probabilities(left, right).reshape(n, n)


def _data_url(picture: Pixels) -> str:
    out = io.BytesIO()
    Image.fromarray(picture).resize((64, 64)).save(out, "WEBP", quality=70)
    return "data:image/webp;base64," + base64.b64encode(out.getvalue()).decode()


def _figure(panels: int) -> tuple[Figure, list[Any]]:
    figure = Figure(figsize=(5 * panels, 3.6), layout="constrained")
    return figure, list(np.ravel(figure.subplots(1, panels)))


def _save(figure: Figure, path: Path) -> None:
    figure.savefig(path, metadata={"Date": None} if path.suffix == ".svg" else None)
