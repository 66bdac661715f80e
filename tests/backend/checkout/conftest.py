from __future__ import annotations

import pytest

from backend.db.transaction import Runner
from tests.backend.checkout.till import Buyer, a_buyer


@pytest.fixture
def buyer(run: Runner) -> Buyer:
    return a_buyer(run)
