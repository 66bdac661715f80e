"""No push service: every message waits in the device's inbox, and the application fetches it."""

from __future__ import annotations

from backend.messages.ports import Outcome, Push


class InboxOnly:
    def send(self, push: Push) -> Outcome:  # noqa: ARG002 - the port's signature
        return Outcome(sent=False)
