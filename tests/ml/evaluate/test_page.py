from xml.etree.ElementTree import fromstring

import pytest

from ml.evaluate.all_pairs import all_pairs
from ml.evaluate.page import page
from ml.evaluate.plots import Axis, det_plot, reliability_plot, roc_plot
from tests.ml.evaluate.made_up import Directions, crowd


def test_decades_are_equally_long():
    axis = Axis("FMR", 1e-4, 1, log=True)
    assert [axis.place(value) for value in (1e-4, 1e-3, 1e-2, 1)] == pytest.approx([0, 0.25, 0.5, 1])
    assert axis.place(1e-9) == 0
    assert [text for _, text in axis.ticks()] == ["1e-4", "1e-3", "1e-2", "0.1", "1"]


@pytest.mark.parametrize("draw", [det_plot, roc_plot, reliability_plot])
def test_a_plot_is_well_formed_and_names_its_curves(draw):
    text = draw([("ours & theirs", [(1e-4, 0.2), (1e-2, 0.1), (1.0, 0.0)])])
    drawn = fromstring(text)  # noqa: S314
    assert "ours & theirs" in [node.text for node in drawn.iter() if node.tag.endswith("text")]


def test_a_calibration_without_interval_has_a_page_with_its_reliability():
    point = {"fnmr": 0.1, "low": None, "high": None, "threshold": 0.9}
    rows = {"people held out": [[0.1, 0.0, 0.5], [0.9, 1.0, 0.5]]}
    found = {"protocol": "calibration", "model": "m", "fnmr_at_fmr": {"1e-3": point}, "reliability": rows}
    text = page("calibration", [found], "command")
    assert "<td>10.00%</td><td>–</td>" in text
    assert text.count("<svg") == 1


def test_a_page_shows_figures_plots_and_the_command():
    people, vectors = crowd(40, 3)
    result = all_pairs(Directions(), people, vectors).as_json()
    text = page("a <title>", [result], "python -m ml.evaluate all-pairs")
    assert "a &lt;title&gt;" in text
    assert text.count("<svg") == 2
    assert "7 comparisons" in text  # FMR 1e-2 of 780
    assert "python -m ml.evaluate all-pairs" in text
