"""A push service in memory; the contract test shows that it behaves as the real adapter does."""

from __future__ import annotations

from backend.messages.ports import Outcome, Push

FINAL = {"refuses", "credentials"}


class RecordingNotifier:
    def __init__(self) -> None:
        self.mood = "ok"
        self.pushes: list[Push] = []

    def send(self, push: Push) -> Outcome:
        self.pushes.append(push)
        if self.mood == "ok":
            return Outcome(sent=True, ticket_id=f"ticket-{len(self.pushes)}")
        return Outcome(
            sent=False,
            device_gone=self.mood == "gone",
            error=self.mood,
            worth_repeating=self.mood != "gone" and self.mood not in FINAL,
        )
