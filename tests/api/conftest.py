from __future__ import annotations

import pytest
from flask import Flask

from backend.api.app import create_app
from backend.db.transaction import Runner
from backend.settings import Settings
from backend.wiring import Services
from tests.api.storefront import Caller, Storefront
from tests.services import services_of
from tests.whole_shop import WholeShop


@pytest.fixture
def services(settings: Settings, run: Runner, keys: Runner) -> Services:
    return services_of(settings, run, keys)


@pytest.fixture
def app(services: Services) -> Flask:
    return create_app(services)


@pytest.fixture
def front(settings: Settings, run: Runner, keys: Runner) -> Storefront:
    return Storefront(settings, run, keys)


@pytest.fixture
def shopper(front: Storefront) -> Caller:
    return front.shopper()


@pytest.fixture
def shop(settings: Settings, run: Runner, keys: Runner) -> WholeShop:
    return WholeShop(settings, run, keys)
