import re

import zxingcpp
from PIL import Image, ImageDraw


def topped_up(browser, amount="100"):
    browser.sent(browser.get("/staff/R1/people?shopper=noura"), "/topup", amount=amount)


def test_money_is_paid_out_and_the_balance_said(browse):
    cashier = browse("cashier")
    topped_up(cashier)
    page = cashier.sent(cashier.get("/staff/R1/people?shopper=noura"), "/payout", amount="30.50")
    assert "Paid out. Balance now: SAR 69.50" in page.text
    page = cashier.sent(page, "/payout", amount="70")
    assert "There is not so much in the wallet." in page.text


def test_a_voucher_is_shown_with_its_code_to_whoever_issued_it(browse):
    cashier = browse("cashier")
    page = cashier.sent(cashier.get("/staff/R1/till"), "/till/voucher", amount="٥٠", uses="3")
    assert "Worth SAR 50.00 Uses 3 Cash received SAR 150.00" in page.text
    (code,) = re.findall(r">([0-9A-Z-]{23})<", page.html)
    assert read_svg(page.html).endswith(f"/wallet#{code.replace('-', '')}")


def test_a_voucher_s_code_is_hidden_from_others_and_after_a_while(floor, browse):
    cashier, manager = browse("cashier"), browse("manager")
    sent = cashier.send(cashier.get("/staff/R1/till"), "/till/voucher", amount="50", uses="1")
    target = sent.headers["Location"]
    cashier.get(target)
    manager.get(target, status=404)
    floor.clock.move(minutes=16)
    cashier.get(target, status=404)


def test_a_wrong_voucher_is_refused(browse):
    cashier = browse("cashier")
    for fields in (
        {"amount": "50", "uses": "0"},
        {"amount": "50", "uses": "x"},
        {"amount": "0.5", "uses": "1"},
    ):
        page = cashier.sent(cashier.get("/staff/R1/till"), "/till/voucher", **fields)
        assert "outside the limits" in page.text


def test_a_manager_closes_the_day_and_sees_the_difference(browse):
    cashier, manager = browse("cashier"), browse("manager")
    topped_up(cashier)
    page = manager.get("/staff/R1/till")
    assert "Top-ups SAR 100.00 Expected SAR 100.00" in page.text
    page = manager.sent(page, "/till/closing", amount="99")
    assert "Difference: -SAR 1.00" in page.text
    assert "Expected SAR 0.00" in page.text
    assert "This day is closed already." in manager.sent(page, "/till/closing", amount="0").text


def test_a_cashier_sees_no_closing(browse):
    page = browse("cashier").get("/staff/R1/till")
    assert "Close the day" not in page.text


def read_svg(html: str) -> str:
    """The QR drawn again from the path on the page, then read."""
    side = int(re.search(r'viewBox="0 0 (\d+) \d+" shape', html)[1])
    picture = Image.new("L", (side * 8, side * 8), 255)
    pen = ImageDraw.Draw(picture)
    for x, y, width in re.findall(r"M(\d+) (\d+)h(\d+)v1h", html):
        x, y, width = int(x), int(y), int(width)
        pen.rectangle((x * 8, y * 8, (x + width) * 8 - 1, y * 8 + 7), fill=0)
    return zxingcpp.read_barcodes(picture)[0].text
