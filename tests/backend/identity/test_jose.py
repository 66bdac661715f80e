"""What the tokens' adapter refuses; joserfc plays the device, PyJWT's kind of forger is played by hand."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json

import pytest
from joserfc import jws
from joserfc.errors import DecodeError
from joserfc.jwk import ECKey

from backend.adapters.jose import proof_device, public_jwk, read_device_proof
from backend.errors import Refusal
from backend.operations.shopper_device import DeviceKeys
from tests.backend.identity.keys import ISSUER, pem, sealer, tokens
from tests.backend.identity.people import NOW

NOW_S = NOW.timestamp()
CLAIMS = {"sub": "someone", "jti": "abc", "amount": 1234}


def encoded(content):
    text = content if isinstance(content, bytes) else json.dumps(content).encode()
    return base64.urlsafe_b64encode(text).rstrip(b"=").decode()


def header_of(token):
    part = token.split(".")[0]
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))


def test_a_grant_that_we_signed_opens():
    assert sealer().open_grant(sealer().sign_grant(CLAIMS)) == {**CLAIMS, "iss": ISSUER}


def forgeries():
    good = sealer().sign_grant(CLAIMS)
    header, payload, signature = good.split(".")
    public = json.dumps(sealer().public_jwk).encode()
    yield "", "empty"
    yield good + "A", "trailing character"
    yield f"{header}.{payload}.", "no signature"
    yield f"{header}.{encoded({**CLAIMS, 'amount': 1, 'iss': ISSUER})}.{signature}", "another payload"
    for alg in ("none", "None", "nOnE", "NONE"):
        yield f"{encoded({**header_of(good), 'alg': alg})}.{payload}.", alg
    for alg in ("HS256", "ES384", "EdDSA", "RS256"):
        forged = f"{encoded({**header_of(good), 'alg': alg})}.{payload}"
        mac = hmac.new(public, forged.encode(), hashlib.sha256).digest()
        yield f"{forged}.{encoded(mac)}", alg
    strange = ECKey.generate_key("P-256")
    for change in ({}, {"typ": "JWT"}, {"kid": "other"}, {"jwk": strange.as_dict(private=False)}):
        mine = jws.serialize_compact({**header_of(good), **change}, json.dumps(CLAIMS), strange)
        yield mine, f"signed by another key, {sorted(change)}"
    yield tokens().access.sign({**CLAIMS, "iss": ISSUER}, "grant+jwt"), "signed by the access key"
    yield "[" * 8000, "deep nesting"
    yield f"{encoded(b'[' * 5000)}.{payload}.{signature}", "deep nesting in the header"
    yield "x" * 100_000, "too long"
    yield "é.é.é", "not ASCII"


@pytest.mark.parametrize(("token", "why"), [pytest.param(*f, id=f[1]) for f in forgeries()])
def test_any_other_grant_is_refused_alike(token, why):
    with pytest.raises(Refusal, match="payment_not_authorised"):
        sealer().open_grant(token)


def test_our_own_token_of_another_type_is_no_grant():
    access = sealer()._key.sign({**CLAIMS, "iss": ISSUER}, "at+jwt")
    with pytest.raises(Refusal, match="payment_not_authorised"):
        sealer().open_grant(access)


def test_every_flipped_character_of_a_grant_is_refused():
    good = sealer().sign_grant(CLAIMS)
    for at, char in enumerate(good):
        flipped = good[:at] + ("A" if char != "A" else "B") + good[at + 1 :]
        with pytest.raises(Refusal):
            sealer().open_grant(flipped)


def test_a_sealed_message_opens_only_with_the_key_of_its_device():
    phone, other = DeviceKeys(), DeviceKeys()
    sealed = sealer().seal("123456", phone.jwk_enc, content_type="application/json")
    assert phone.open(sealed) == "123456"
    with pytest.raises(DecodeError):
        other.open(sealed)


def test_a_sealed_message_says_how_and_for_whom_it_was_sealed():
    phone = DeviceKeys()
    header = header_of(sealer().seal("x", phone.jwk_enc, content_type="grant+jwt"))
    epk = header.pop("epk")
    assert header == {
        "alg": "ECDH-ES",
        "enc": "A256GCM",
        "typ": "sealed+jwt",
        "cty": "grant+jwt",
        "kid": phone.opens.thumbprint(),
    }
    assert "d" not in epk


def test_thumbprints_are_those_of_rfc_7638():
    phone = DeviceKeys()
    assert phone.id == phone.proves.thumbprint()


def bad_keys():
    good = DeviceKeys().jwk_sig
    yield {**good, "d": good["x"]}, "private"
    yield {**good, "crv": "P-384"}, "curve"
    yield {**good, "kty": "RSA"}, "type"
    yield {**good, "y": good["x"]}, "off the curve"
    yield {**good, "x": good["x"] + "="}, "padded"
    yield {**good, "x": "A" * 43, "y": "A" * 43}, "zero"
    yield {**good, "x": 5}, "number"
    yield {"kty": "EC", "crv": "P-256"}, "no point"
    yield {**good, "x5u": "http://127.0.0.1/"}, "foreign member"
    yield ECKey.generate_key("P-521").as_dict(private=False), "other curve"
    yield [], "list"
    yield None, "nothing"


@pytest.mark.parametrize(("jwk", "why"), [pytest.param(*k, id=k[1]) for k in bad_keys()])
def test_a_key_that_is_not_a_public_p256_point_is_refused(jwk, why):
    with pytest.raises(Refusal, match="device_key_refused"):
        public_jwk(jwk)


def test_a_key_as_a_browser_exports_it_is_accepted_and_trimmed():
    exported = DeviceKeys().jwk_sig
    good = {name: exported[name] for name in ("kty", "crv", "x", "y")}
    assert public_jwk({**exported, "ext": True, "key_ops": ["verify"]}) == good


def test_a_proof_says_what_the_device_signed():
    phone = DeviceKeys()
    text = phone.proof("POST", "/v1/pay", b"{}", at_s=NOW_S)
    assert proof_device(text) == phone.id
    read = read_device_proof(text, jwk=phone.jwk_sig)
    assert (read.device_id, read.htm, read.htu, read.iat) == (phone.id, "POST", "/v1/pay", NOW_S)


def test_a_first_proof_carries_its_key():
    phone = DeviceKeys()
    text = phone.proof("POST", "/v1/shoppers", at_s=NOW_S, carry_key=True)
    assert proof_device(text) is None
    assert read_device_proof(text, jwk=None).device_id == phone.id


def signed(keys: DeviceKeys, **header):
    """A proof that is good but for its header."""
    good = jws.extract_compact(keys.proof("POST", "/", at_s=NOW_S).encode())
    return jws.serialize_compact(good.headers() | header, good.payload, keys.proves, algorithms=["ES256"])


def bad_proofs(phone):
    other = DeviceKeys()
    yield signed(other, kid=phone.id), "signed by another device"
    yield phone.proof("POST", "/", at_s=NOW_S, carry_key=True), "carries a key although it is known"
    yield signed(phone, typ="JWT"), "type"
    yield signed(phone, kid=other.id), "names another"
    for claim, value in (
        ("iat", True),
        ("iat", 1.5),
        ("iat", "1"),
        ("iat", 10**30),
        ("jti", ""),
        ("jti", "x" * 65),
        ("jti", 7),
        ("htm", None),
        ("body_sha256", 1),
        ("body_sha256", "\ud800"),
        ("ath", 1),
        ("ath", "\ud800"),
        ("extra", "x"),
    ):
        yield phone.proof("POST", "/", at_s=NOW_S, **{claim: value}), f"{claim} {value!r}"[:30]
    yield "a.b.c", "no token"


@pytest.mark.parametrize("number", range(18))
def test_any_other_proof_is_refused(number):
    phone = DeviceKeys()
    text, _ = list(bad_proofs(phone))[number]
    with pytest.raises(Refusal, match="device_proof_refused"):
        read_device_proof(text, jwk=phone.jwk_sig)


def test_published_keys_hold_nothing_private():
    for jwk in tokens().jwks()["keys"]:
        assert set(jwk) == {"kty", "crv", "x", "y", "kid", "alg", "use"}


def test_digests_differ_by_purpose_and_key():
    assert tokens().digest("body", b"1") != tokens().digest("login", b"1")
    assert tokens().digest("body", b"1") != hashlib.sha256(b"1").hexdigest()


def test_a_signing_key_of_another_curve_stops_the_start():
    from backend.adapters.jose import SigningKey

    with pytest.raises(ValueError, match="P-256"):
        SigningKey(ECKey.generate_key("P-384").as_pem(private=True))
    assert SigningKey(pem()).kid
