"""What a Notifier promises, kept by the fake that tests use and by the adapter that talks to Expo."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from backend.adapters.expo import ExpoNotifier
from backend.adapters.inbox_notifier import InboxOnly
from backend.messages.ports import Notifier, Push
from tests.backend.messages.expo_service import SEND, ExpoService
from tests.backend.messages.fake_notifier import RecordingNotifier

TOKEN = "ExponentPushToken[aB3-_xxxxxxxxxxxxxxxxx]"
PUSH = Push(TOKEN, "جاهز", "الطلب", {"type": "order.ready", "id": "1"}, ttl_s=60)
AGAIN = {"busy", "down", "broken", "odd", "silent", "rate"}
NOT_AGAIN = {"refuses", "credentials"}


@pytest.fixture
def expo() -> Iterator[ExpoService]:
    service = ExpoService()
    yield service
    service.close()


@pytest.fixture(params=["fake", "expo"])
def pair(request: pytest.FixtureRequest) -> tuple[Notifier, RecordingNotifier | ExpoService]:
    """A notifier, and the service whose mood it has to cope with."""
    if request.param == "fake":
        fake = RecordingNotifier()
        return fake, fake
    service: ExpoService = request.getfixturevalue("expo")
    return ExpoNotifier(service.host, timeout_s=0.3), service


def test_a_message_that_was_taken_has_a_ticket(
    pair: tuple[Notifier, RecordingNotifier | ExpoService],
) -> None:
    outcome = pair[0].send(PUSH)
    assert outcome.sent
    assert outcome.ticket_id
    assert not outcome.error


def test_a_device_that_is_gone_is_told_apart(pair: tuple[Notifier, RecordingNotifier | ExpoService]) -> None:
    notifier, service = pair
    service.mood = "gone"
    outcome = notifier.send(PUSH)
    assert (outcome.sent, outcome.device_gone, outcome.worth_repeating) == (False, True, False)


@pytest.mark.parametrize("mood", sorted(AGAIN | NOT_AGAIN))
def test_a_failure_says_whether_trying_again_helps(
    pair: tuple[Notifier, RecordingNotifier | ExpoService], mood: str
) -> None:
    notifier, service = pair
    service.mood = mood
    outcome = notifier.send(PUSH)
    assert (outcome.sent, outcome.device_gone) == (False, False)
    assert outcome.error
    assert outcome.worth_repeating == (mood in AGAIN)


def test_no_failure_repeats_the_push_token(pair: tuple[Notifier, RecordingNotifier | ExpoService]) -> None:
    notifier, service = pair
    for service.mood in ("gone", *AGAIN, *NOT_AGAIN):
        assert TOKEN not in notifier.send(PUSH).error


def test_expo_gets_what_its_protocol_asks_for(expo: ExpoService) -> None:
    ExpoNotifier(expo.host, "a-secret").send(PUSH)
    (request,) = expo.requests
    headers = {name.lower(): value for name, value in request["headers"].items()}
    assert request["path"] == SEND
    assert headers["content-type"] == "application/json"
    assert headers["authorization"] == "Bearer a-secret"
    assert request["messages"] == [
        {"to": TOKEN, "title": "جاهز", "body": "الطلب", "data": PUSH.data, "ttl": 60, "priority": "high"}
    ]


def test_expo_takes_both_spellings_of_a_token_and_no_other(expo: ExpoService) -> None:
    notifier = ExpoNotifier(expo.host)
    for token in ("ExponentPushToken[a]", "ExpoPushToken[a]"):
        assert notifier.send(Push(token, "", "", {}, 60)).sent
    for token in ("ExponentPushToken", "ExponentPushToken[", "ExpoPushToken[a]x", "a", ""):
        assert notifier.send(Push(token, "", "", {}, 60)).device_gone
    assert [request["messages"][0]["to"] for request in expo.requests] == [
        "ExponentPushToken[a]",
        "ExpoPushToken[a]",
    ]


def test_a_data_message_shows_no_text(expo: ExpoService) -> None:
    ExpoNotifier(expo.host).send(Push(TOKEN, "", "", {"jwe": "x"}, 60))
    assert set(expo.requests[0]["messages"][0]) == {"to", "data", "ttl", "priority"}


def test_a_message_beyond_expos_limit_is_not_sent(expo: ExpoService) -> None:
    outcome = ExpoNotifier(expo.host).send(Push(TOKEN, "ش" * 3000, "", {}, 60))
    assert (outcome.sent, outcome.worth_repeating, expo.requests) == (False, False, [])


def test_a_service_that_is_away_is_no_exception(expo: ExpoService) -> None:
    notifier = ExpoNotifier(expo.host, timeout_s=0.3)
    expo.server.server_close()
    assert notifier.send(PUSH).worth_repeating


def test_without_a_push_service_nothing_is_sent_and_nothing_is_wrong() -> None:
    outcome = InboxOnly().send(PUSH)
    assert (outcome.sent, outcome.error, outcome.worth_repeating) == (False, "", False)
