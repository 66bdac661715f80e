"""The app's own crypto, in the browser that runs it: key agreement, canonical JSON, what opens and what counts."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page

from tests.journeys.stage import Shop

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def app(chromium: Browser, shop: Shop) -> Iterator[Page]:
    """A page from which the app's modules can be asked; no test changes it."""
    page = chromium.new_page(base_url=shop.url)
    page.goto("/")
    yield page
    page.close()


RFC_7518_APPENDIX_C = """async () => {
  const base = document.querySelector('script[type=module]').src.replace('app.js', '');
  const { agree, concatKdf } = await import(base + 'sealed.js');
  const { toBase64url } = await import(base + 'canonical.js');
  const bob = {kty: 'EC', crv: 'P-256', x: 'weNJy2HscCSM6AEDTDg04biOvhFhyyWvOHQfeF_PxMQ',
    y: 'e8lnCO-AlStT-NJVX-crhB7QRYhiix03illJOVAOyck', d: 'VEmDZpDXXK8p8N0Cndsxs924q6nS1RXFASRl6BfUqdw'};
  const epk = {x: 'gI0GAILBdu7T53akrFmMyGcsF3n5dO7MmwNBHKW5SV0', y: 'SLW_xSffzlPWrHEVI30DHM_4egVwt3NQqeUD7nMFpps'};
  const own = await crypto.subtle.importKey('jwk', bob, {name: 'ECDH', namedCurve: 'P-256'}, false, ['deriveBits']);
  return toBase64url(await concatKdf(await agree(own, epk), 'A128GCM', 'QWxpY2U', 'Qm9i', 128));
}"""


def test_the_key_agreement_is_the_one_of_rfc_7518_appendix_c(app: Page) -> None:
    assert app.evaluate(RFC_7518_APPENDIX_C) == "VqqN6vgjbSBcIijNcacQGg"


CANONICAL = """async () => {
  const base = document.querySelector('script[type=module]').src.replace('app.js', '');
  const { canonical } = await import(base + 'canonical.js');
  return canonical({numbers: [333333333.33333329, 1E30, 4.50, 2e-3, 0.000000000000000000000000001],
    string: '\\u20ac$\\u000F\\u000aA\\'\\u0042\\u0022\\u005c\\\\\\"\\/', literals: [null, true, false]});
}"""


def test_json_is_canonical_as_rfc_8785_section_3_2_2_prints_it(app: Page) -> None:
    expected = (
        '{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],'
        '"string":"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}'
    )
    assert app.evaluate(CANONICAL) == expected


SEAL_REFUSALS = """async header => {
  const base = document.querySelector('script[type=module]').src.replace('app.js', '');
  const { open } = await import(base + 'sealed.js');
  const { toBase64url, utf8 } = await import(base + 'canonical.js');
  const own = await crypto.subtle.generateKey({name: 'ECDH', namedCurve: 'P-256'}, false, ['deriveBits']);
  const epk = await crypto.subtle.exportKey('jwk', own.publicKey);
  const given = {alg: 'ECDH-ES', enc: 'A256GCM', epk: {kty: 'EC', crv: 'P-256', x: epk.x, y: epk.y}, ...header};
  const jwe = [toBase64url(utf8(JSON.stringify(given))), '', 'A'.repeat(16), 'AAAA', 'A'.repeat(22)].join('.');
  return open(jwe, own.privateKey).then(() => 'opened', wrong => wrong.message || wrong.name);
}"""


@pytest.mark.parametrize(
    ("header", "why"),
    [
        ({"alg": "ECDH-ES+A128KW"}, "algorithm not allowed"),
        ({"alg": "dir"}, "algorithm not allowed"),
        ({"enc": "A128CBC-HS256"}, "algorithm not allowed"),
        ({"zip": "DEF"}, "header not allowed"),
        ({"crit": ["b64"]}, "header not allowed"),
        ({"epk": {"kty": "OKP", "crv": "X25519"}}, "ephemeral key not allowed"),
        ({}, "OperationError"),  # the only allowed form, but sealed by nobody
    ],
)
def test_only_what_was_sealed_to_the_device_in_the_one_allowed_form_opens(
    app: Page, header: dict[str, object], why: str
) -> None:
    assert app.evaluate(SEAL_REFUSALS, header) == why


GRANT_REFUSALS = """async changed => {
  const base = document.querySelector('script[type=module]').src.replace('app.js', '');
  const { checkGrant } = await import(base + 'sealed.js');
  const grant = {aud: 'device:D', cnf: {jkt: 'D'}, checkout: 'C', exp: 2000, cart_hash: 'H', ...changed};
  const here = {deviceId: 'D', checkoutId: 'C', cartHash: 'H', nowMs: 1000000};
  try { checkGrant(grant, here); return 'fits'; } catch (wrong) { return wrong.code; }
}"""


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({}, "fits"),
        ({"aud": "device:E"}, "grant_foreign"),
        ({"cnf": {"jkt": "E"}}, "grant_foreign"),
        ({"checkout": "B"}, "grant_foreign"),
        ({"exp": 1000}, "grant_expired"),
        ({"cart_hash": "I"}, "grant_other_cart"),
    ],
)
def test_a_grant_counts_for_this_device_checkout_and_cart_only(
    app: Page, changed: dict[str, object], said: str
) -> None:
    assert app.evaluate(GRANT_REFUSALS, changed) == said
