"""One guest, one line: put into the basket, read the basket, check out; each guest with a session of its own."""

from __future__ import annotations

from tests.bench import wire
from tests.bench.wire import Answer

CLIENTS = 8
ADDRESS = {"first_name": "A", "last_name": "B", "line1": "1 Street", "line4": "Riyadh", "postcode": "12345"}


def orders(port: int, several: int) -> float:
    """Orders a second; the requests of each of the three phases are made before it, as ours are."""
    here = f"http://127.0.0.1:{port}"
    host = f"127.0.0.1:{port}"

    def send(requests: list[bytes]) -> wire.Load:
        return wire.run([port], requests, clients=CLIENTS).expect(200)

    item = {"url": f"{here}/api/products/1/", "quantity": 1}
    added = send([wire.request("POST", "/api/basket/add-product/", item, host=host)] * several)
    cookies = [{"Cookie": session(answer)} for answer in added.answers]
    read = send([wire.request("GET", "/api/basket/", headers=cookie, host=host) for cookie in cookies])
    checkouts = [
        {
            "basket": f"{here}/api/baskets/{answer.json['id']}/",
            "guest_email": "guest@example.com",
            "total": answer.json["total_incl_tax"],
            "shipping_address": ADDRESS | {"country": f"{here}/api/countries/SA/"},
        }
        for answer in added.answers
    ]
    placed = send(
        [
            wire.request("POST", "/api/checkout/", body, cookie, host=host)
            for body, cookie in zip(checkouts, cookies, strict=True)
        ]
    )
    return several / (added.seconds + read.seconds + placed.seconds)


def session(answer: Answer) -> str:
    """What a browser would send back."""
    lines = answer.headers.split("\r\n")
    given = [
        line.split(":", 1)[1].split(";")[0].strip()
        for line in lines
        if line.lower().startswith("set-cookie:")
    ]
    return "; ".join(given)
