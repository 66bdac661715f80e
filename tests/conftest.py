"""Fixtures for all tests come from modules of their own; those of one subject stand beside its tests."""

pytest_plugins = ["tests.databases", "tests.staff_floor", "tests.journeys.stage"]
