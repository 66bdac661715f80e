def test_cash_is_taken_and_a_receipt_shown(browse):
    cashier = browse("cashier")
    page = cashier.get("/staff/R1/people?shopper=Noura")
    receipt = cashier.sent(page, "/topup", amount="50.25")
    assert "Cash received SAR 50.25 Shopper Noura Balance now SAR 50.25 Served by Cashier" in receipt.text


def test_the_same_form_sent_twice_takes_the_cash_once(browse):
    cashier = browse("cashier")
    page = cashier.get("/staff/R1/people?shopper=noura")
    first, second = (cashier.send(page, "/topup", amount="50") for _ in range(2))
    assert first.headers["Location"] == second.headers["Location"]
    assert "Balance SAR 50.00" in cashier.get("/staff/R1/people?shopper=noura").text


def test_an_unclear_amount_is_explained_and_nothing_moves(browse):
    cashier = browse("cashier")
    page = cashier.get("/staff/R1/people?shopper=noura")
    again = cashier.sent(page, "/topup", amount="fifty")
    assert "Type an amount in digits with at most 2 decimals." in again.text
    assert "Balance SAR 0.00" in again.text


def test_an_amount_beyond_the_limits_is_refused(browse):
    cashier = browse("cashier")
    page = cashier.get("/staff/R1/people?shopper=noura")
    for amount in ("0", "0.10", "999999"):
        assert "outside the limits" in cashier.sent(page, "/topup", amount=amount).text


def test_nobody_of_that_name_is_said_at_the_field(browse):
    page = browse("cashier").get("/staff/R1/people?shopper=nobody", status=404)
    assert "No shopper has this login." in page.text
    assert page.form("/people")["fields"]["shopper"] == "nobody"


def test_a_login_that_looks_like_markup_is_only_text(browse):
    page = browse("cashier").get("/staff/R1/people?shopper=%3Cscript%3Ealert(1)%3C/script%3E", status=404)
    assert "<script>alert" not in page.html


def test_a_receipt_of_somebody_else_s_top_up_does_not_exist(floor, browse):
    cashier = browse("cashier")
    target = cashier.send(cashier.get("/staff/R1/people?shopper=noura"), "/topup", amount="5").headers[
        "Location"
    ]
    other = target.replace(floor.shops["R1"].shopper_id, floor.shops["R2"].shopper_id)
    cashier.get(other, status=404)
