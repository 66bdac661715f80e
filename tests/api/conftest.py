from __future__ import annotations

import pytest

from backend.db.transaction import Runner
from backend.settings import Settings
from tests.api.storefront import Caller, Storefront
from tests.whole_shop import WholeShop


@pytest.fixture
def front(settings: Settings, run: Runner, keys: Runner) -> Storefront:
    return Storefront(settings, run, keys)


@pytest.fixture
def shopper(front: Storefront) -> Caller:
    return front.shopper()


@pytest.fixture
def shop(settings: Settings, run: Runner, keys: Runner) -> WholeShop:
    return WholeShop(settings, run, keys)
