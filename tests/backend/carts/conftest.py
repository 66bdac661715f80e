from __future__ import annotations

import pytest

from backend.db.transaction import Runner
from tests.backend.carts.trolley import Trolley
from tests.backend.inventory.shelf import Shelf


@pytest.fixture
def shelf(run: Runner) -> Shelf:
    return Shelf(run)


@pytest.fixture
def trolley(shelf: Shelf) -> Trolley:
    return Trolley(shelf)
