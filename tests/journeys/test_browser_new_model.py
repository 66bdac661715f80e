"""What a shopper sees in Chromium after the face model has changed."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import update

from backend import cli
from backend.db.transaction import Runner, engine_for
from backend.faces.tables import templates
from backend.operations.portraits import variants
from backend.settings import Settings
from tests.journeys.conftest import Shots
from tests.journeys.stage import Camera, Shop, at_arms_length
from tests.journeys.test_browser import choose_pin, enrol, register, scan

pytestmark = pytest.mark.browser

NOTICE = "The shop recognises faces in a new way"
NOTICE_AR = "حدّث المتجر طريقة التعرّف على الوجوه"


def pretend_an_upgrade(shop: Shop) -> None:
    """Whoever is enrolled is so for another version now; then the operator does as the manual says."""
    engine = engine_for(Settings(data=shop.data).main_url, pool_size=1)
    Runner(engine)(lambda tx: tx.execute(update(templates).values(model="earlier-1")))
    engine.dispose()
    assert cli.main(["--data", str(shop.data), "faces", "re-embed"]) == 0


def test_a_face_of_an_earlier_model_is_asked_for_again_wherever_it_counts(
    phone: Page, shop: Shop, camera: Camera, shots: Shots
) -> None:
    scan(phone, shop, camera, shots)
    camera.show([at_arms_length(picture) for picture in variants("eileen_collins")[:4]])
    phone.goto("/enrol?then=pay")
    register(phone, "hind.browser")
    choose_pin(phone)
    enrol(phone, shots)
    expect(phone.get_by_role("button", name="Pay with my face")).to_be_visible()
    pretend_an_upgrade(shop)
    phone.get_by_role("button", name="Pay with my face").click()  # the page is older than the upgrade
    check = phone.get_by_role("button", name="Check my face")
    expect(check).to_be_enabled()
    check.click()
    expect(phone.locator(".refused")).to_contain_text(NOTICE)
    expect(check).to_have_count(0)  # another look would be refused as well
    expect(phone.get_by_role("link", name="Set up payment by face")).to_be_visible()
    shots.take(phone, "refused")
    phone.goto("/pay")
    expect(phone.get_by_text(NOTICE)).to_be_visible()
    expect(phone.get_by_role("button", name="Pay with my face")).to_have_count(0)
    shots.take(phone, "pay")
    phone.goto("/me")
    expect(phone.get_by_text("Face: set it up again")).to_be_visible()
    expect(phone.get_by_role("button", name="Erase")).to_be_visible()
    shots.take(phone, "me")
    phone.locator("#language").click()
    expect(phone.locator("html[dir=rtl]")).to_have_count(1)
    expect(phone.get_by_text(NOTICE_AR)).to_be_visible()
    shots.take(phone, "me-in-arabic")
    phone.goto("/inbox")
    told = phone.locator(".message p", has_text="until then pay with your password")
    expect(told).to_have_css("direction", "ltr")  # an account's English stays so on an Arabic page
    shots.take(phone, "inbox-in-arabic")
    phone.locator("#language").click()
    expect(phone.locator("html[dir=ltr]")).to_have_count(1)
    phone.goto("/inbox")
    message = phone.locator(".message", has_text="Please set up your face again")
    expect(message).to_have_count(1)
    shots.take(phone, "inbox")
    message.get_by_role("link", name="Set up").click()
    expect(phone.get_by_text(NOTICE)).to_be_visible()
    shots.take(phone, "enrol")
    take = phone.get_by_role("button", name="Take the picture")
    expect(take).to_be_enabled()
    for have in (1, 2, 3):
        take.click()
        if have < 3:
            expect(phone.locator(".dots i.on")).to_have_count(have)
    phone.get_by_role("button", name="Go on").click()
    expect(phone.get_by_text("Face, 3 pictures")).to_be_visible()
    shots.take(phone, "set-up-again")
