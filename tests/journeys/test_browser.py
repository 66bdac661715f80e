"""A shopper's whole way in Chromium, from a printed label to "thank you", with a camera that sees real pictures."""

from __future__ import annotations

import io
import re

import pytest
from playwright.sync_api import Browser, Page, expect

from backend.operations.portraits import variants
from tests.journeys.conftest import Complaints, Shots
from tests.journeys.stage import Camera, Shop, Staff, at_arms_length, on_a_table

pytestmark = pytest.mark.browser

STORE = "R1"
PIN = "847205"
PASSWORD = "seven quiet lemons"
TOP_UP_MINOR = 50_000


def cheap_product(shop: Shop) -> dict[str, object]:
    products = shop.get("/v1/products", store=STORE).json()["products"]
    return min((p for p in products if p["available"] > 10), key=lambda p: int(p["price_minor"]))


def scan(page: Page, shop: Shop, camera: Camera, shots: Shots) -> dict[str, object]:
    product = cheap_product(shop)
    label = shop.get(f"/v1/products/{product['sku']}/label.png", store=STORE)
    camera.show([on_a_table(label.content)])
    page.goto("/")
    expect(page.locator(".card")).not_to_have_count(0)
    shots.take(page, "shop")
    page.get_by_role("link", name="Scan a code").click()
    expect(page.locator(".say")).to_contain_text("is in your cart")
    shots.take(page, "scanned")
    return product


def register(page: Page, login: str) -> None:
    page.get_by_label("Your name").fill("Noura")
    page.get_by_label("Login").fill(login)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Create an account").click()


def choose_pin(page: Page) -> None:
    page.get_by_label("Six digits").fill(PIN)
    page.get_by_label("Once more").fill(PIN)
    page.get_by_role("button", name="Save the PIN").click()


def enrol(page: Page, shots: Shots) -> None:
    agree = page.get_by_role("button", name="I agree")
    expect(agree).to_be_visible()
    page.locator(".consent").evaluate("text => { text.scrollTop = text.scrollHeight }")
    shots.take(page, "consent")
    agree.click()
    take = page.get_by_role("button", name="Take the picture")
    expect(take).to_be_enabled()
    for have in (1, 2, 3):
        take.click()
        if have < 3:
            expect(page.locator(".dots i.on")).to_have_count(have)
        if have == 1:
            shots.take(page, "enrolling")
    page.get_by_role("button", name="Go on").click()


def look(page: Page, shots: Shots) -> None:
    page.get_by_role("button", name="Pay with my face").click()
    check = page.get_by_role("button", name="Check my face")
    expect(check).to_be_enabled()
    shots.take(page, "face")
    check.click()


def prove_by_password(page: Page) -> None:
    page.get_by_role("button", name="Pay with my password").click()
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Go on").click()


def pay(page: Page, product: dict[str, object], shots: Shots) -> str:
    """The grant's own amount stands on the page. Returns the order's id."""
    expect(page.locator("#grant-amount")).to_have_text(f"SAR {int(str(product['price_minor'])) / 100:.2f}")
    page.get_by_label("Your PIN").fill(PIN)
    shots.take(page, "pin")
    page.get_by_role("button", name="Pay now").click()
    page.wait_for_url(re.compile("/orders/"))
    expect(page.locator("main")).to_contain_text("Please go to the pick-up area")
    shots.take(page, "paid")
    return re.sub(r".*/orders/([\w-]+).*", r"\1", page.url)


def pack(packer: Staff, order_id: str) -> None:
    packer.post(f"/orders/{order_id}/accept")
    for line in packer.get(f"/orders/{order_id}")["lines"]:
        packer.post(f"/orders/{order_id}/lines/{line['id']}/packed", {"packed": line["quantity"]})
    packer.post(f"/orders/{order_id}/ready")


def test_from_a_printed_label_to_thank_you(phone: Page, shop: Shop, camera: Camera, shots: Shots) -> None:
    product = scan(phone, shop, camera, shots)
    phone.locator("nav").get_by_role("link", name="Cart").click()
    expect(phone.locator(".line")).to_have_count(1)
    shots.take(phone, "cart")
    camera.show([at_arms_length(picture) for picture in variants("eileen_collins")[:4]])
    phone.get_by_role("button", name="Go to payment").click()
    register(phone, "noura.browser")
    choose_pin(phone)
    enrol(phone, shots)
    shop.staff("cashier").post(
        "/topups", {"store": STORE, "shopper": "noura.browser", "amount_minor": TOP_UP_MINOR}
    )
    expect(phone.get_by_role("button", name="Pay with my face")).to_be_visible()
    shots.take(phone, "pay")
    look(phone, shots)
    order_id = pay(phone, product, shots)
    packer = shop.staff("packer")
    pack(packer, order_id)
    digits = phone.locator(".digits")
    expect(digits).to_have_text(re.compile(r"^\d{6}$"))
    expect(phone.locator("canvas.qr")).to_be_visible()
    shots.take(phone, "pick-up-code")
    packer.post(f"/orders/{order_id}/handover", {"code": digits.text_content()})
    expect(phone.get_by_role("heading", name="Thank you")).to_be_visible()
    shots.take(phone, "thank-you")


def join_without_a_face(phone: Page, shop: Shop, login: str) -> None:
    """Registered, with a PIN and money, but no consent to face recognition."""
    phone.goto("/enrol?face=no")
    register(phone, login)
    choose_pin(phone)
    expect(phone).to_have_url(re.compile("/me$"))
    shop.staff("cashier").post("/topups", {"store": STORE, "shopper": login, "amount_minor": TOP_UP_MINOR})


def test_who_gives_no_face_pays_by_password_and_pin(
    phone: Page, shop: Shop, camera: Camera, shots: Shots
) -> None:
    product = scan(phone, shop, camera, shots)
    join_without_a_face(phone, shop, "salem.browser")
    phone.goto("/pay")
    prove_by_password(phone)
    pay(phone, product, shots)


def test_a_stranger_is_told_that_the_face_failed_and_the_cart_stays(
    phone: Page, shop: Shop, camera: Camera, shots: Shots
) -> None:
    scan(phone, shop, camera, shots)
    camera.show([at_arms_length(picture) for picture in variants("eileen_collins")[:4]])
    phone.goto("/pay")
    register(phone, "mona.browser")
    choose_pin(phone)
    enrol(phone, shots)
    expect(phone.get_by_role("button", name="Pay with my face")).to_be_visible()
    camera.show([at_arms_length(variants("grace_hopper")[0])])
    look(phone, shots)
    expect(phone.get_by_role("alert")).to_contain_text("Face recognition failed")
    shots.take(phone, "face-failed")
    phone.get_by_role("button", name="Try again").click()
    phone.get_by_role("button", name="Cancel the payment").click()
    expect(phone.locator(".line")).to_have_count(1)


def test_a_forged_label_is_named_and_leaves_the_cart_alone(phone: Page, shop: Shop) -> None:
    product = cheap_product(shop)
    gtin = str(product["gtin"]).zfill(14)
    phone.goto(f"/01/{gtin}?s={STORE}&k=A1&g={'A' * 103}")
    phone.get_by_role("button", name="Add to cart").click()
    expect(phone.locator(".toast.bad")).to_contain_text("not genuine")
    expect(phone.locator("#cart-bar")).to_be_hidden()


@pytest.mark.parametrize("path", ["/", "/scan", "/cart", "/me", "/inbox", "/enrol"])
def test_arabic_pages_run_from_the_other_side_and_fit_a_narrow_phone(
    chromium: Browser, shop: Shop, path: str, shots: Shots, complaints: Complaints
) -> None:
    context = chromium.new_context(
        viewport={"width": 320, "height": 640}, locale="ar-SA", base_url=shop.url, color_scheme="dark"
    )
    page = context.new_page()
    complaints.watch(page, shop)
    page.goto(path)
    expect(page.locator("main h1")).to_be_visible()
    shots.take(page, "arabic")
    beyond = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    assert (page.locator("html").get_attribute("dir"), page.evaluate(beyond)) == ("rtl", 0)
    context.close()
    assert complaints == []


NO_CAMERA = (
    "navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException('no', 'NotAllowedError'))"
)


def test_without_a_camera_a_picture_and_a_typed_number_lead_into_the_cart(
    phone: Page, shop: Shop, camera: Camera, shots: Shots
) -> None:
    product = cheap_product(shop)
    label = shop.get(f"/v1/products/{product['sku']}/label.png", store=STORE).content
    scene = io.BytesIO()
    on_a_table(label).save(scene, "JPEG", quality=85)
    phone.add_init_script(NO_CAMERA)
    phone.goto("/scan")
    say = phone.locator(".say")
    expect(say).to_contain_text("camera is not available")
    phone.get_by_label("Use a picture instead").set_input_files(
        {"name": "label.jpg", "mimeType": "image/jpeg", "buffer": scene.getvalue()}
    )
    expect(say).to_contain_text("is in your cart")
    number = phone.get_by_label("Type the product number")
    number.fill(str(product["gtin"]).translate(str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩")))
    number.press("Enter")
    expect(phone.locator(".just-added")).to_contain_text("2 in the cart")
    shots.take(phone, "typed")
    number.fill("12345")
    number.press("Enter")
    expect(phone.get_by_text("A product number has 8 to 14 digits.")).to_be_visible()


def test_a_wrong_pin_pays_nothing_and_the_next_try_can(
    phone: Page, shop: Shop, camera: Camera, shots: Shots
) -> None:
    product = scan(phone, shop, camera, shots)
    join_without_a_face(phone, shop, "huda.browser")
    phone.goto("/pay")
    prove_by_password(phone)
    phone.get_by_label("Your PIN").fill("591730")
    phone.get_by_role("button", name="Pay now").click()
    expect(phone.get_by_role("alert")).to_contain_text("Payment failed")
    shots.take(phone, "wrong-pin")
    phone.reload()
    prove_by_password(phone)
    pay(phone, product, shots)


def test_a_returning_shopper_brings_the_guests_cart_along(
    phone: Page, shop: Shop, camera: Camera, shots: Shots
) -> None:
    phone.goto("/enrol?face=no")
    register(phone, "adel.browser")
    choose_pin(phone)
    expect(phone).to_have_url(re.compile("/me$"))
    phone.get_by_role("button", name="Sign out").click()
    scan(phone, shop, camera, shots)
    phone.goto("/enrol?have=account")
    phone.get_by_label("Login").fill("adel.browser")
    phone.get_by_label("Password").fill(PASSWORD)
    phone.get_by_role("button", name="Sign in").click()
    expect(phone.get_by_text("Welcome back")).to_be_visible()
    phone.goto("/cart")
    expect(phone.locator(".line")).to_have_count(1)
    phone.reload()
    expect(phone.locator(".line")).to_have_count(1)
    phone.goto("/me")
    expect(phone.get_by_role("heading", name="Noura")).to_be_visible()


def test_the_cart_says_aloud_when_its_time_runs_out(phone: Page, shop: Shop) -> None:
    """Held for 15 minutes: said 5 minutes, 1 minute and 30 seconds before the end; one tap gives more."""
    product = cheap_product(shop)
    phone.clock.install()
    phone.goto(f"/01/{str(product['gtin']).zfill(14)}?s={STORE}")
    phone.get_by_role("button", name="Add to cart").click()
    phone.get_by_role("link", name="1 piece").click()
    heard, left = phone.locator("#announcer"), phone.locator("[data-clock]")
    expect(left).to_have_text(re.compile("^(15:00|14:5)"))
    for minutes_seconds, words in (
        ("09:50", "5 more minutes"),
        ("03:50", "1 more minute"),
        ("00:20", "30 more seconds"),
    ):
        phone.clock.fast_forward(minutes_seconds)
        phone.clock.run_for(13_000)
        expect(heard).to_contain_text(words)
    phone.get_by_role("button", name="More time").click()
    expect(left).to_have_text(re.compile("^(15:00|14:5)"))
