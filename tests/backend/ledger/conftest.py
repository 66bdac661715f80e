from __future__ import annotations

import pytest

from backend.db.transaction import Runner
from tests.backend.ledger.counter import Counter


@pytest.fixture
def counter(run: Runner) -> Counter:
    return Counter(run)
