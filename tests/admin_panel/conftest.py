from __future__ import annotations

from collections.abc import Callable

import pytest

from admin_panel import blueprint
from tests.admin_panel.browser import Browser
from tests.staff_floor import Floor


@pytest.fixture
def browse(floor: Floor) -> Callable[[str], Browser]:
    """`browse("packer")`: a browser in which that person has signed in."""
    blueprint.register(floor.app, floor.services)
    return lambda login: Browser(floor.app).sign_in(login)


@pytest.fixture
def visitor(floor: Floor) -> Browser:
    blueprint.register(floor.app, floor.services)
    return Browser(floor.app)
