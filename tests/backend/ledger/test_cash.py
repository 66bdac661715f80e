"""Cash out of a wallet: never more than is in it."""

from __future__ import annotations

import pytest

from backend.db.outbox import outbox
from backend.errors import Refusal


def test_money_is_paid_out_and_the_shopper_told(counter):
    counter.top_up(50_00)
    assert counter.pay_out(20_00).balance_minor == 30_00
    told = counter.run.read(lambda tx: tx.execute(outbox.select()).mappings().all())
    assert [(row["kind"], row["payload"]["amount_minor"]) for row in told][-1] == ("wallet.paid_out", 20_00)


def test_a_wallet_gives_no_more_than_it_has(counter):
    counter.top_up(50_00)
    with pytest.raises(Refusal) as refusal:
        counter.pay_out(50_01)
    assert (refusal.value.code, refusal.value.facts) == ("wallet_short", {"balance_minor": 50_00})
    assert counter.money_minor == 50_00


@pytest.mark.parametrize("amount_minor", [0, -1, 99, 5_000_01])
def test_amounts_beyond_the_limits_are_refused(counter, amount_minor):
    with pytest.raises(Refusal) as refusal:
        counter.pay_out(amount_minor)
    assert refusal.value.code == "amount_out_of_range"
