def test_what_happens_in_the_store_is_told_in_order_and_once(floor):
    order_id = floor.sell()
    floor.make_ready("packer", order_id)
    told = floor.call("packer", "GET", "/events?store=R1&after=0").json
    assert [e["kind"] for e in told["events"]] == ["order.accepted", "order.ready"]
    first, second = (e["id"] for e in told["events"])
    assert second == first + 1
    assert floor.call("packer", "GET", f"/events?store=R1&after={told['last']}").json["events"] == []


def test_nothing_new_is_304(floor):
    first = floor.call("packer", "GET", "/events?store=R1&after=0")
    again = floor.call(
        "packer", "GET", "/events?store=R1&after=0", **{"If-None-Match": first.headers["ETag"]}
    )
    assert again.status_code == 304


def test_the_feed_never_holds_what_is_sealed_for_the_shopper(floor):
    order_id = floor.sell()
    code = floor.make_ready("packer", order_id)
    text = floor.call("packer", "GET", "/events?store=R1&after=0").text
    assert "sealed" not in text
    assert code not in text


def test_the_feed_of_a_foreign_store_does_not_exist(floor):
    assert floor.call("stranger", "GET", "/events?store=R1").json["code"] == "store_unknown"


def test_a_wrong_event_id_is_refused(floor):
    refused = floor.call("packer", "GET", "/events?store=R1&after=-1")
    assert (refused.status_code, refused.json["code"]) == (422, "event_id_malformed")
