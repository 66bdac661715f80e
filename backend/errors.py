"""The one way in which a room says no."""

from __future__ import annotations

from typing import Any


class Refusal(Exception):
    """The world asked for something that is not allowed or not possible; nothing was changed.

    `code` is stable and snake_case; `facts` are small values that help the caller to go on (never a secret or a
    picture). Status, title and prose belong to `backend/api/problems.py`.
    """

    def __init__(self, code: str, **facts: Any) -> None:
        super().__init__(code)
        self.code = code
        self.facts = facts


class SettingsRefused(Exception):
    """A setting is missing or wrong; the start stops. `problems` names every one of them."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems
