def test_a_shelf_shows_what_came_and_went(browse):
    manager = browse("manager")
    page = manager.get("/staff/R1/stock/TEA")
    assert "On hand 40 Reserved 2 Available 38" in page.text
    assert "Nothing has come or gone yet." in page.text
    assert "Received +5 " in manager.sent(page, "/stock/TEA/receipt", pieces="5").text


def test_every_form_moves_goods_and_the_page_shows_it(browse):
    manager = browse("manager")
    page = manager.get("/staff/R1/stock/TEA")
    for act, fields, available in (
        ("receipt", {"pieces": "٥"}, 43),
        ("count", {"pieces": "30"}, 28),
        ("transfer", {"pieces": "8", "to": "R2"}, 20),
        ("write_off", {"pieces": "1", "reason": "stolen"}, 19),
    ):
        page = manager.sent(page, f"/stock/TEA/{act}", **fields)
        assert f"Available {available} " in page.text
        assert "Done. The shelf is as shown." in page.text


def test_a_form_sent_twice_moves_goods_once(browse):
    manager = browse("manager")
    page = manager.get("/staff/R1/stock/TEA")
    for _ in range(2):
        after = manager.sent(page, "/stock/TEA/receipt", pieces="5")
    assert "On hand 45 " in after.text


def test_what_cannot_be_is_said_on_the_page(browse):
    manager = browse("manager")
    page = manager.get("/staff/R1/stock/TEA")
    for act, pieces, said in (
        ("receipt", "many", "Type a number of pieces in digits."),
        ("receipt", "0", "Type a number of pieces in digits."),
        ("count", "1", "Carts hold 2 pieces"),
        ("write_off", "39", "Only 38 pieces can leave the shelf"),
    ):
        fields = {"reason": "damaged"} if act == "write_off" else {}
        assert said in manager.sent(page, f"/stock/TEA/{act}", pieces=pieces, **fields).text
    assert "There is no such page" not in page.text
    assert manager.client.get("/staff/R1/stock/CAVIAR").status_code == 404


def test_the_page_of_a_manager_of_one_store_offers_no_transfer(browse):
    assert "Send to another store" not in browse("admin").get("/staff/R1/stock/TEA").text
