from xml.etree import ElementTree

import pytest

from admin_panel.charts import Bar, Chart, columns, rows, scale_steps


def chart(*values, label="<b>"):
    return Chart("c", "A & B", "What & how", [Bar(label, value, f"{value} SAR") for value in values])


def drawn(svg, kind):
    return [e for e in ElementTree.fromstring(svg).iter() if e.get("class") == kind]  # noqa: S314 - made here


@pytest.mark.parametrize("draw", [columns, rows])
@pytest.mark.parametrize("values", [(), (0, 0), (5,), (1, 10**12)])
@pytest.mark.parametrize("rtl", [False, True])
def test_any_values_make_valid_svg_and_texts_cannot_break_out(draw, values, rtl):
    svg = draw(chart(*values), rtl=rtl)
    assert "<b>" not in svg
    assert len(drawn(svg, "bar")) == len(values)


@pytest.mark.parametrize("draw", [columns, rows])
def test_a_small_value_is_still_seen_and_nothing_is_not(draw):
    size = "height" if draw is columns else "width"
    bars = drawn(draw(chart(0, 1, 10**9), rtl=False), "bar")
    assert [float(bar.get(size).rstrip("%")) > 0 for bar in bars] == [False, True, True]


def test_in_arabic_the_first_hour_stands_at_the_far_end():
    first, last = drawn(columns(chart(1, 2), rtl=True), "bar")
    assert float(first.get("x").rstrip("%")) < float(last.get("x").rstrip("%"))
    assert int(first.get("height")) > int(last.get("height"))


@pytest.mark.parametrize(("highest", "steps"), [(0, []), (3, [1, 2, 3]), (140_335, [50_000, 100_000])])
def test_the_scale_has_round_numbers(highest, steps):
    assert scale_steps(highest) == steps
