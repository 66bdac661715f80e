import re

from admin_panel.live import LOOK_S, Screens
from tests.staff_floor import BREAD, TEA


def ticked(browser, order_id):
    """Tick the first line that is not packed yet, as a finger would."""
    page = browser.get(f"/staff/R1/orders/{order_id}")
    form = next(f for f in page.forms if f["action"].endswith("/tick") and f["fields"]["packed"] != "0")
    assert browser.client.post(form["action"], data=form["fields"]).status_code == 303


def test_an_order_is_accepted_packed_made_ready_and_handed_over_without_script(floor, browse):
    order_id, packer = floor.sell([TEA, BREAD]), browse("packer")
    page = packer.sent(packer.get("/staff/R1/queue"), "/accept")
    assert "is yours to pack" in page.text
    for _ in range(2):
        ticked(packer, order_id)
    page = packer.sent(packer.get("/staff/R1/queue"), "/ready")
    assert "The shopper has the code" in page.text
    code = floor.code_on_phone(order_id)
    page = packer.sent(page, "/handover", code=code)
    assert "is handed over" in page.text
    assert "No new order" in page.text


def test_an_empty_queue_says_what_will_happen(browse):
    text = browse("packer").get("/staff/R1/queue").text
    assert "No new order. It appears here by itself." in text
    assert "Nothing is waiting for its shopper." in text


def test_a_wrong_code_tells_how_many_tries_are_left(floor, browse):
    order_id, cashier = floor.sell(), browse("cashier")
    code = floor.make_ready("packer", order_id)
    wrong = "000000" if code != "000000" else "111111"
    page = cashier.sent(cashier.get("/staff/R1/queue"), "/handover", code=wrong)
    assert "Do not hand over. Tries left: 4." in page.text


def test_a_malformed_code_costs_no_try(floor, browse):
    order_id, cashier = floor.sell(), browse("cashier")
    code = floor.make_ready("packer", order_id)
    page = cashier.sent(cashier.get("/staff/R1/queue"), "/handover", code="12")
    assert "Type the six digits" in page.text
    wrong = "000000" if code != "000000" else "111111"
    assert "Tries left: 4" in cashier.sent(page, "/handover", code=wrong).text


def test_a_code_in_arabic_digits_is_the_same_code(floor, browse):
    order_id, cashier = floor.sell(), browse("cashier")
    code = floor.make_ready("packer", order_id)
    arabic = code.translate(str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩"))
    page = cashier.sent(cashier.get("/staff/R1/queue"), "/handover", code=f" {arabic[:3]} {arabic[3:]} ")
    assert "is handed over" in page.text


def test_a_mismatch_asks_for_reason_and_money_and_is_told(floor, browse):
    order_id, cashier = floor.sell(), browse("cashier")
    floor.make_ready("packer", order_id)
    page = cashier.get(f"/staff/R1/orders/{order_id}/mismatch")
    assert "This cannot be undone." in page.text
    again = cashier.sent(page, "/mismatch", reason="goods_missing", refund="")
    assert "Choose a reason and what becomes of the money." in again.text
    done = cashier.sent(again, "/mismatch", reason="goods_missing", refund="write_off")
    assert "Keep the goods." in done.text
    assert "Mismatch" in cashier.get(f"/staff/R1/orders/{order_id}").text


def test_whoever_is_too_late_to_accept_is_told(floor, browse):
    order_id, packer = floor.sell(), browse("packer")
    page = packer.get("/staff/R1/queue")
    floor.call("manager", "POST", f"/staff/orders/{order_id}/accept")
    assert "Somebody else packs this order" in packer.sent(page, "/accept").text


def test_the_poll_answers_304_until_something_happens(floor, browse):
    passed_s = [0.0]
    floor.app.extensions["screens"] = Screens(floor.services.run, monotonic=lambda: passed_s[0])
    packer = browse("packer")
    first = packer.client.get("/staff/R1/queue/fragment")
    tag = {"If-None-Match": first.headers["ETag"]}
    assert packer.client.get("/staff/R1/queue/fragment", headers=tag).status_code == 304
    order_id = floor.sell()
    passed_s[0] += LOOK_S
    changed = packer.client.get("/staff/R1/queue/fragment", headers=tag)
    assert changed.status_code == 200
    assert f'data-order="{order_id}"' in changed.text


def test_the_cards_name_the_packer_and_the_time_waited(floor, browse):
    order_id = floor.sell()
    floor.call("packer", "POST", f"/staff/orders/{order_id}/accept")
    floor.clock.move(minutes=16)
    text = browse("manager").get("/staff/R1/queue").text
    assert "Packed by Packer" in text
    assert re.search(r"Waiting: 16 min", text)


def test_the_queue_is_spoken_in_arabic_too(floor, browse):
    floor.sell()
    packer = browse("packer")
    packer.client.get("/staff/R1/queue?lang=ar")
    page = packer.get("/staff/R1/queue")
    assert "قبول" in page.text
    assert "TEA ar" in page.text


def test_what_is_missing_is_refunded_on_the_order_and_stands_in_its_history(floor, browse):
    order_id, packer = floor.sell([TEA, BREAD]), browse("packer")
    packer.sent(packer.get("/staff/R1/queue"), "/accept")
    page = packer.get(f"/staff/R1/orders/{order_id}")
    bread = re.search(r'<option value="([^"]+)">BREAD en', page.html)[1]
    page = packer.sent(page, "/missing", line=bread, pieces="1")
    assert "Go on with the rest." in page.text
    assert "Goods are missing" in page.text
    assert "Credit note 1" in page.text


def test_another_packer_takes_over_when_the_time_is_over(floor, browse):
    order_id = floor.sell()
    floor.call("packer", "POST", f"/staff/orders/{order_id}/accept")
    manager = browse("manager")
    page = manager.get(f"/staff/R1/orders/{order_id}")
    assert "Take over" not in page.text
    floor.clock.move(minutes=11)
    page = manager.sent(manager.get(f"/staff/R1/orders/{order_id}"), "/accept", back="order")
    assert "Packed by you" in page.text
    assert re.search(r"Taken over .* Manager", page.text)
    assert "is back in the queue" in manager.sent(page, "/release").text


def test_a_refund_is_typed_line_by_line_or_is_all(floor, browse):
    order_id = floor.sell([TEA, BREAD])
    code = floor.make_ready("packer", order_id)
    floor.call("cashier", "POST", f"/staff/orders/{order_id}/handover", {"code": code})
    cashier = browse("cashier")
    page = cashier.get(f"/staff/R1/orders/{order_id}/refund")
    tea = re.search(r'name="(pieces-[^"]+)"', page.html)[1]
    kept = {"reason": "returned", "goods": "restock"}
    again = cashier.sent(page, "/refund", **kept, **{tea: "9"})
    assert "So much is not left to refund." in again.text
    one = cashier.sent(again, "/refund", **kept, **{tea: "1"})
    assert "Refunded by credit note 1." in one.text
    rest = cashier.sent(cashier.get(f"/staff/R1/orders/{order_id}/refund"), "/refund", **kept, all="1")
    assert "Refunded by credit note 2." in rest.text
    assert "Refund" not in re.findall(r">(Refund)<", rest.html)


def test_what_the_bank_refused_is_paid_into_the_wallet_from_the_order(floor, browse):
    order_id, cashier = floor.sell(), browse("cashier")
    floor.refund_that_fails(order_id)
    page = cashier.get(f"/staff/R1/orders/{order_id}")
    assert "The bank refused it" in page.text
    assert "The bank refused it" in cashier.sent(page, "/make-good", way="gold").text
    done = cashier.sent(page, "/make-good", way="wallet")
    assert "The money is in the shopper" in done.text
    assert "In the wallet instead of on the card" in done.text
    assert "/make-good" not in done.html
    assert "This refund did not fail, or is settled." in cashier.sent(page, "/make-good", way="by_hand").text


def test_what_was_paid_back_at_the_payment_provider_is_noted(floor, browse):
    order_id, cashier = floor.sell(), browse("cashier")
    floor.refund_that_fails(order_id)
    page = cashier.get(f"/staff/R1/orders/{order_id}")
    assert "Paid back at the payment provider" in cashier.sent(page, "/make-good", way="by_hand").text


def test_a_new_code_can_be_sent_from_the_queue(floor, browse):
    order_id, cashier = floor.sell(), browse("cashier")
    floor.make_ready("packer", order_id)
    page = cashier.sent(cashier.get("/staff/R1/queue"), "/newcode")
    assert "has a new code" in page.text
    assert "is handed over" in cashier.sent(page, "/handover", code=floor.code_on_phone(order_id)).text
