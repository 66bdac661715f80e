"""A store's counter with one shopper: cash in, cash out, vouchers, the end of the day."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime

from backend.db.transaction import Runner
from backend.ledger import closings, topups, vouchers
from backend.ledger.accounts import balance, open_store_accounts
from backend.ledger.closings import CloseDay, Closing
from backend.ledger.topups import CashMoved, PayOut, TopUp
from backend.ledger.vouchers import Issue, Redeem, Redeemed, Voucher
from tests.backend.inventory.shelf import IDS, NOON, Shelf

TODAY = date(2026, 11, 20)


@dataclass
class Counter:
    run: Runner
    store_id: str = ""
    shopper_id: str = field(default_factory=IDS.uuid7)
    staff_id: str = field(default_factory=IDS.uuid7)

    def __post_init__(self) -> None:
        self.store_id = self.store_id or Shelf(self.run).store.id
        self.run(lambda tx: open_store_accounts(tx, self.store_id, "SAR"))

    def top_up(self, amount_minor: int, *, now: datetime = NOON) -> CashMoved:
        act = TopUp(IDS.uuid7(), self.store_id, self.shopper_id, amount_minor, "SAR", self.staff_id)
        return self.run(lambda tx: topups.top_up(tx, act, ids=IDS, now=now))

    def pay_out(self, amount_minor: int) -> CashMoved:
        act = PayOut(IDS.uuid7(), self.store_id, self.shopper_id, amount_minor, "SAR", self.staff_id)
        return self.run(lambda tx: topups.pay_out(tx, act, ids=IDS, now=NOON))

    def issue(self, value_minor: int = 50_00, *, uses: int = 1, code: str = "A" * 20) -> Voucher:
        act = Issue(IDS.uuid7(), code, self.store_id, value_minor, uses, "SAR", self.staff_id)
        return self.run(lambda tx: vouchers.issue(tx, act, ids=IDS, now=NOON))

    def redeem(self, shopper_id: str = "", *, code: str = "A" * 20, now: datetime = NOON) -> Redeemed:
        act = Redeem(code, shopper_id or self.shopper_id)
        return self.run(lambda tx: vouchers.redeem(tx, act, ids=IDS, now=now))

    def close(self, counted_minor: int, *, day: date = TODAY, now: datetime = NOON) -> Closing:
        act = CloseDay(self.store_id, "SAR", day, TODAY, counted_minor, self.staff_id)
        return self.run(lambda tx: closings.close_day(tx, act, ids=IDS, now=now))

    @property
    def owed_minor(self) -> int:
        return self.run.read(lambda tx: closings.till(tx, self.store_id, "SAR")).expected_minor

    @property
    def money_minor(self) -> int:
        return self.run.read(lambda tx: balance(tx, self.shopper_id, "SAR"))
