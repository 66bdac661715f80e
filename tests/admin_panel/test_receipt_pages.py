def test_the_receipt_of_an_order_is_one_click_away(floor, browse):
    order_id, packer = floor.sell(), browse("packer")
    links = packer.get(f"/staff/R1/orders/{order_id}").links
    (link,) = (link for link in links if link.endswith("receipt.pdf"))
    answer = packer.client.get(link)
    assert (answer.content_type, answer.data[:5]) == ("application/pdf", b"%PDF-")


def test_so_is_the_credit_note_of_a_refund(floor, browse):
    order_id, cashier = floor.sell(), browse("cashier")
    page = cashier.get(f"/staff/R1/orders/{order_id}/refund")
    order = cashier.sent(page, "/refund", goods="restock", reason="goodwill", all="1")
    (link,) = (link for link in order.links if link.endswith("credit-note.pdf"))
    assert cashier.client.get(link).data[:5] == b"%PDF-"


def test_it_is_not_shown_under_another_store(floor, browse):
    order_id, manager = floor.sell(), browse("manager")
    manager.get(f"/staff/R2/orders/{order_id}/receipt.pdf", status=404)
