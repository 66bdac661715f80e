from tests.staff_floor import PASSWORD


def sign_in(floor, login, password=PASSWORD):
    return floor.app.test_client().post("/v1/staff/sessions", json={"login": login, "password": password})


def test_staff_sign_in_and_learn_their_role_and_stores(floor):
    answer = sign_in(floor, "Manager")
    assert answer.status_code == 201
    assert answer.json["expires_in_s"] == 10 * 3600
    assert answer.json["staff"]["role"] == "manager"
    assert [store["code"] for store in answer.json["staff"]["stores"]] == ["R1", "R2"]


def test_a_wrong_password_and_an_unknown_login_look_the_same(floor):
    wrong, unknown = sign_in(floor, "manager", "wrong"), sign_in(floor, "nobody")
    assert wrong.status_code == unknown.status_code == 401
    assert wrong.json | {"request_id": ""} == unknown.json | {"request_id": ""}


def test_after_five_wrong_passwords_the_right_one_must_wait(floor):
    for _ in range(5):
        sign_in(floor, "packer", "wrong")
    assert sign_in(floor, "packer").status_code == 401
    floor.clock.move(seconds=31)
    assert sign_in(floor, "packer").status_code == 201


def test_a_visitor_who_changes_the_address_within_a_network_gets_no_more_tries(floor):
    def status(number, password):
        address = {"REMOTE_ADDR": f"2001:db8::{number:x}"}
        body = {"login": "packer", "password": password}
        client = floor.app.test_client()
        return client.post("/v1/staff/sessions", json=body, environ_base=address).status_code

    assert {status(number, "wrong") for number in range(1, 6)} == {401}
    assert status(7, PASSWORD) == 401
    assert sign_in(floor, "packer").status_code == 201


def test_signing_out_ends_the_token(floor):
    assert floor.call("packer", "GET", "/staff/me").json["role"] == "packer"
    assert floor.call("packer", "DELETE", "/staff/sessions/current").status_code == 204
    assert floor.call("packer", "GET", "/staff/me").status_code == 401


def test_a_session_ends_with_the_shift(floor):
    floor.call("packer", "GET", "/staff/me")
    floor.clock.move(hours=10)
    assert floor.call("packer", "GET", "/staff/me").status_code == 401


def test_without_a_token_nothing_is_told(floor):
    client = floor.app.test_client()
    for path in (
        "/v1/staff/me",
        "/v1/staff/orders?store=R1",
        "/v1/staff/sales?store=R1",
        "/v1/events?store=R1",
    ):
        answer = client.get(path)
        assert (answer.status_code, answer.json["code"]) == (401, "sign_in_needed")
