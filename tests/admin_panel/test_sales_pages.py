import re
from xml.etree import ElementTree

from tests.staff_floor import BREAD, TEA

SVG = re.compile(r"<svg class=\"chart.*?</svg>", re.DOTALL)


def test_the_page_shows_the_totals_of_the_day(floor, browse):
    floor.sell([TEA, BREAD])
    text = browse("manager").get("/staff/R1/sales").text
    assert re.search(r"Sales incl\. VAT SAR.26\.00", text)
    assert re.search(r"Orders 1 VAT SAR.3\.00", text)


def test_each_chart_is_an_svg_with_title_and_description(floor, browse):
    floor.sell([TEA, BREAD])
    html = browse("manager").get("/staff/R1/sales").html
    charts = [ElementTree.fromstring(svg) for svg in SVG.findall(html)]  # noqa: S314 - our own page
    assert len(charts) == 2
    for chart in charts:
        assert chart.get("role") == "img"
        named = chart.get("aria-labelledby").split()
        assert [child.get("id") for child in chart[:2]] == named
        assert all(child.text for child in chart[:2])


def test_the_tables_beneath_hold_the_same_numbers_as_the_bars(floor, browse):
    floor.sell([TEA, BREAD])
    html = browse("manager").get("/staff/R1/sales").html
    drawn = re.findall(r"<g class=\"bar-group\"><title>(\d\d): ([^<]*)</title>", html)
    listed = re.findall(
        r"<bdi>(\d\d):00</bdi></th><td class=\"figure\">\d+</td><td class=\"figure\">([^<]*)<", html
    )
    assert len(drawn) == 24
    assert drawn == listed


def test_a_day_without_sales_offers_a_way_on(browse):
    page = browse("manager").get("/staff/R1/sales?day=2026-01-03")
    assert "Nothing was sold on this day." in page.text
    assert "/staff/R1/sales?day=2026-01-02" in page.links
    assert SVG.findall(page.html) == []


def test_several_days_are_drawn_day_by_day(floor, browse):
    floor.sell([TEA])
    today = floor.call("manager", "GET", "/staff/sales?store=R1").json["to"]
    page = browse("manager").get(f"/staff/R1/sales?from=2026-11-01&to={today}")
    assert "Sales by day" in page.text
    assert re.search(rf"{today} 1 SAR", page.text)


def test_what_is_no_day_is_a_page_that_says_so(browse):
    assert "This is not a day." in browse("manager").get("/staff/R1/sales?day=soon", status=422).text


def test_the_files_open_in_a_spreadsheet_with_arabic_names(floor, browse):
    floor.sell([TEA])
    answer = browse("manager").client.get("/staff/R1/sales/products.csv")
    assert answer.data.startswith(b"\xef\xbb\xbf")
    assert "attachment" in answer.headers["Content-Disposition"]
    assert ",TEA,TEA en,TEA ar,2,2300,300,SAR" in answer.data.decode()


def test_what_is_about_to_run_out_is_named(floor, browse):
    floor.services.run(lambda tx: floor.shops["R1"].on(tx).stock("SALT", 0))
    text = browse("manager").get("/staff/R1/sales").text
    assert re.search(r"SALT en SALT Sold out", text)
