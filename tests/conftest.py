"""Fixtures for all tests come from modules of their own; those of one subject stand beside its tests."""

import signal

pytest_plugins = ["tests.databases", "tests.staff_floor", "tests.journeys.stage"]


def pytest_configure() -> None:
    """A run that is told to stop still stops the servers it started."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
