"""A new face model, as shoppers meet it: nobody is compared across versions, everybody learns what to do."""

from __future__ import annotations

from dataclasses import replace

import pytest

from backend import worker
from backend.api.app import create_app
from backend.faces import vault
from backend.identity import consents
from backend.operations.faces import Renewal, re_embed
from tests.backend.checkout.till import PIN
from tests.fakes import NamedFaces
from tests.whole_shop import PASSWORD, WholeShop

OLD, NEW = NamedFaces().model, "named-faces-2"


def start_with(shop: WholeShop, model: str) -> None:
    """The shop comes up again with another model; phones and data stay."""
    shop.services = replace(shop.services, faces=NamedFaces(model))
    shop.client = create_app(shop.services).test_client()


def operate(shop: WholeShop, *, drop: bool = False) -> Renewal:
    at = shop.services
    return re_embed(at.run, model=at.faces.model, drop=drop, dry_run=False, ids=at.ids, clock=at.clock)


def enrol_again(shop: WholeShop, phone, name: str = "noura", *, pictures: int = 3) -> None:
    for take in range(pictures):
        assert phone.enrol(shop.face(name, take)).status == 201


def shows_face(shop: WholeShop, phone, checkout_id: str):
    return phone.show_face(checkout_id, [shop.face("noura")])


def stored(shop: WholeShop, phone) -> dict[str, int]:
    run = shop.services.run
    return {
        model: run.read(lambda tx, m=model: vault.count(tx, phone.shopper_id, model=m))
        for model in (OLD, NEW)
    }


def test_a_face_of_an_earlier_model_is_never_compared_and_says_what_to_do(shop):
    noura = shop.shopper()
    checkout = shop.checkout(noura)
    start_with(shop, NEW)
    refused = shows_face(shop, noura, checkout["id"])
    assert (refused.status, refused.code) == (409, "face_outdated")
    assert "Enrol it again" in refused.json["detail"]
    face = noura.call("GET", "/v1/shoppers/me").json["face"]
    assert (face["templates"], face["outdated"], face["model"]) == (0, True, NEW)


def test_who_never_enrolled_is_told_that_and_not_of_a_change(shop):
    guest = shop.guest()
    guest.register("huda", PASSWORD, "Huda")
    guest.choose_pin(PIN)
    guest.consent_to_face()
    checkout = shop.checkout(guest)
    start_with(shop, NEW)
    assert shows_face(shop, guest, checkout["id"]).code == "face_not_enrolled"
    assert not guest.call("GET", "/v1/shoppers/me").json["face"]["outdated"]


def test_until_enough_new_pictures_are_there_the_face_does_not_pay(shop):
    noura = shop.shopper()
    checkout = shop.checkout(noura)
    start_with(shop, NEW)
    enrol_again(shop, noura, pictures=2)
    assert shows_face(shop, noura, checkout["id"]).code == "face_outdated"
    assert stored(shop, noura) == {OLD: 3, NEW: 2}


def test_the_third_new_picture_takes_the_place_of_the_old_ones_and_pays(shop):
    noura = shop.shopper()
    checkout = shop.checkout(noura)
    start_with(shop, NEW)
    enrol_again(shop, noura)
    assert stored(shop, noura) == {OLD: 0, NEW: 3}
    assert not noura.call("GET", "/v1/shoppers/me").json["face"]["outdated"]
    assert shows_face(shop, noura, checkout["id"]).status == 202
    grant = noura.open(shop.message(noura, "grant.issued")["sealed"])
    assert noura.pay(checkout["id"], grant, PIN).status == 201


def test_the_password_pays_meanwhile(shop):
    noura = shop.shopper()
    checkout = shop.checkout(noura)
    start_with(shop, NEW)
    path = f"/v1/checkouts/{checkout['id']}/password"
    assert noura.call("POST", path, {"password": PASSWORD}, proved=True).status == 202
    assert shop.message(noura, "grant.issued")


def test_back_at_the_earlier_model_the_face_pays_at_once(shop):
    noura = shop.shopper()
    checkout = shop.checkout(noura)
    start_with(shop, NEW)
    operate(shop)
    enrol_again(shop, noura, pictures=2)
    start_with(shop, OLD)
    assert shows_face(shop, noura, checkout["id"]).status == 202
    assert shop.message(noura, "grant.issued")
    assert operate(shop).asked == 0


def test_a_few_pictures_of_a_first_enrolment_do_not_pay(shop):
    noura = shop.shopper()
    assert noura.call("DELETE", "/v1/shoppers/me/faces", proved=True).status == 204
    enrol_again(shop, noura, pictures=2)
    assert shows_face(shop, noura, shop.checkout(noura)["id"]).code == "face_not_enrolled"


@pytest.mark.parametrize(
    ("language", "title"), [("en", "Please set up your face again"), ("ar", "يُرجى إعداد وجهك من جديد")]
)
def test_the_phone_is_told_once_in_its_language(shop, language, title):
    phone = shop.device()
    assert phone.become_guest(language=language).status == 201
    phone.consent_to_face(language)
    enrol_again(shop, phone)
    start_with(shop, NEW)
    assert [operate(shop).asked for _ in range(3)] == [1, 0, 0]
    shop.deliver()
    told = [message["title"] for message in phone.inbox() if message["kind"] == "face.outdated"]
    assert told == [title]


def test_another_version_later_is_told_again(shop):
    noura = shop.shopper()
    for model in (NEW, "named-faces-3"):
        start_with(shop, model)
        assert operate(shop).asked == 1
    shop.deliver()
    assert [message["kind"] for message in noura.inbox()].count("face.outdated") == 2


def test_dropped_templates_are_gone_and_enrolling_begins_anew(shop):
    noura = shop.shopper()
    start_with(shop, NEW)
    assert operate(shop, drop=True).templates_dropped == 3
    assert stored(shop, noura) == {OLD: 0, NEW: 0}
    assert shows_face(shop, noura, shop.checkout(noura)["id"]).code == "face_not_enrolled"
    assert shop.message(noura, "face.outdated")
    enrol_again(shop, noura)
    assert stored(shop, noura) == {OLD: 0, NEW: 3}


def test_the_face_of_an_earlier_model_can_be_erased(shop):
    noura = shop.shopper()
    start_with(shop, NEW)
    assert noura.call("DELETE", "/v1/shoppers/me/consents/face", proved=True).status == 204
    assert stored(shop, noura) == {OLD: 0, NEW: 0}
    assert operate(shop).shoppers == 0


def test_who_withdrew_is_not_asked_even_if_the_erasure_was_cut_off(shop):
    noura, at = shop.shopper(), shop.services
    start_with(shop, NEW)
    cut_off(shop, noura)
    found = operate(shop, drop=True)
    assert (found.asked, found.without_consent, found.templates_dropped) == (0, 1, 0)
    worker.finish_erasures(at)
    assert stored(shop, noura) == {OLD: 0, NEW: 0}


def cut_off(shop: WholeShop, phone) -> None:
    """The consent is gone, the templates are not yet."""
    at = shop.services
    at.run(lambda tx: consents.withdraw(tx, phone.shopper_id, now=shop.clock.now(), ids=at.ids))
