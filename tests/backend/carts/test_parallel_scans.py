"""Many shoppers, few pieces, one moment (TARGETS: no oversell)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

from backend.errors import Refusal
from backend.inventory.reservations import sell
from tests.backend.carts.trolley import LIFETIME, Trolley
from tests.backend.inventory.shelf import MINUTE, NOON, Shelf

TICK = timedelta(milliseconds=1)
OVER = NOON + LIFETIME


def at_once(acts: Sequence[Callable[[], object]]) -> Counter[str]:
    """Runs all at the same moment; how many ended how."""
    barrier = Barrier(len(acts))

    def outcome(act: Callable[[], object]) -> str:
        barrier.wait()
        try:
            act()
        except Refusal as no:
            return no.code
        return "done"

    with ThreadPoolExecutor(len(acts)) as pool:
        return Counter(pool.map(outcome, acts))


def test_sixty_four_shoppers_get_the_last_ten_pieces_exactly_once(shelf: Shelf) -> None:
    shelf.put("LAST", 10)
    trolleys = [Trolley(shelf) for _ in range(64)]
    outcomes = at_once([lambda t=t: t.scan("LAST") for t in trolleys])
    assert outcomes == {"done": 10, "out_of_stock": 54}
    assert shelf.counted("LAST") == (10, 10)
    assert sum(1 for t in trolleys if t.current()) == 10


def test_sixty_four_shoppers_get_ten_expired_pieces_exactly_once(shelf: Shelf) -> None:
    shelf.put("LAST", 10)
    for _ in range(10):
        Trolley(shelf).scan("LAST")
    later = NOON + 16 * MINUTE
    trolleys = [Trolley(shelf) for _ in range(64)]
    outcomes = at_once([lambda t=t: t.scan("LAST", now=later) for t in trolleys])
    assert outcomes == {"done": 10, "out_of_stock": 54}
    assert shelf.counted("LAST") == (10, 10)


def test_goods_paid_in_the_moment_they_expire_go_to_one_of_two(shelf: Shelf) -> None:
    for number in range(10):
        sku = shelf.put(f"LAST-{number}", 1)
        first, second = Trolley(shelf), Trolley(shelf)
        cart_id = first.filled(sku).id
        outcomes = at_once(
            [
                lambda c=cart_id: shelf.run(
                    lambda tx: sell(tx, c, shelf.store.id, reference="c", now=OVER - TICK)
                ),
                lambda s=second, sku=sku: s.scan(sku, now=OVER),
            ]
        )
        on_hand, reserved = shelf.counted(sku)
        assert (on_hand, reserved) in {(0, 0), (1, 1)}
        lost = "out_of_stock" if on_hand == 0 else "reservation_expired"
        assert outcomes == {"done": 1, lost: 1}


def test_two_copies_of_one_scan_put_in_one_piece(shelf: Shelf, trolley: Trolley) -> None:
    shelf.put("MILK")
    for number in range(5):  # the first scan also begins the cart; the later ones find it
        copies = [lambda n=number: trolley.scan("MILK", scan_id=f"scan-{n}") for _ in range(4)]
        assert at_once(copies) == {"done": 4}
    cart = trolley.current()
    assert cart
    assert cart.pieces == 5
    assert shelf.counted("MILK") == (10, 5)


def test_one_shopper_with_two_hands_fills_one_cart(shelf: Shelf, trolley: Trolley) -> None:
    skus = [shelf.put(f"SKU-{number}") for number in range(12)]
    assert at_once([lambda s=sku: trolley.scan(s) for sku in skus]) == {"done": 12}
    cart = trolley.current()
    assert cart
    assert [line.quantity for line in cart.lines] == [1] * 12
