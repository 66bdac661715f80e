"""Push by Expo's service, through exponent-server-sdk.

The SDK as it is (2.2.0): no time limit unless given one, no headers on a session that is passed in, tokens
checked by prefix only and one documented spelling refused. Each is set right here.
"""

from __future__ import annotations

import json
import re
from typing import Any

import requests
from exponent_server_sdk import (
    DeviceNotRegisteredError,
    MessageRateExceededError,
    PushClient,
    PushMessage,
    PushServerError,
    PushTicketError,
)

from backend.messages.ports import Outcome, Push

TIMEOUT_S = 5  # for connecting, and between two bytes
TOKEN = re.compile(r"Expo(?:nent)?PushToken\[[\w-]{1,100}\]", re.ASCII)
MESSAGE_BYTES_MAX = 4096  # Expo's own limit; counted on UTF-8, though the SDK sends ASCII escapes
REFUSED_STATUS = range(400, 429)  # our request is wrong: sending it again changes nothing


class Message(PushMessage):  # type: ignore[misc]  # the SDK has no types
    """A message whose token was checked by us; the SDK knows only one of its two spellings."""

    __slots__ = ()

    def get_payload(self) -> dict[str, Any]:
        payload: dict[str, Any] = PushMessage.get_payload(self._replace(to="ExponentPushToken[]"))
        return payload | {"to": self.to}


class ExpoNotifier:
    def __init__(self, host: str, access_token: str = "", *, timeout_s: float = TIMEOUT_S) -> None:
        session = requests.Session()
        session.headers.update({"accept": "application/json", "content-type": "application/json"})
        if access_token:
            session.headers["authorization"] = f"Bearer {access_token}"
        self.client = PushClient(host=host, session=session, timeout=timeout_s)

    def send(self, push: Push) -> Outcome:
        if not TOKEN.fullmatch(push.push_token):
            return Outcome(sent=False, device_gone=True, error="not an Expo push token")
        message = Message(
            to=push.push_token,
            title=push.title or None,
            body=push.body or None,
            data=dict(push.data),
            ttl=push.ttl_s,
            priority="high",
        )
        if len(json.dumps(message.get_payload(), ensure_ascii=False).encode()) > MESSAGE_BYTES_MAX:
            return Outcome(sent=False, error="the message is too large to be pushed")
        return self._publish(message)

    def _publish(self, message: Message) -> Outcome:
        try:
            ticket = self.client.publish(message)
            ticket.validate_response()
        except DeviceNotRegisteredError:
            return Outcome(sent=False, device_gone=True, error="the device is not registered")
        except MessageRateExceededError:
            return Outcome(sent=False, error="too many messages to this device", worth_repeating=True)
        except PushTicketError as refused:
            return Outcome(sent=False, error=f"ticket refused: {error_of(refused)}")
        except (PushServerError, requests.RequestException) as problem:
            status = getattr(problem.response, "status_code", None)
            said = f"push service: {type(problem).__name__}" + (f", status {status}" if status else "")
            return Outcome(sent=False, error=said, worth_repeating=status not in REFUSED_STATUS)
        except (AttributeError, TypeError):  # JSON of another shape: the SDK takes it for granted
            return Outcome(sent=False, error="push service: unexpected answer", worth_repeating=True)
        return Outcome(sent=True, ticket_id=ticket.id)


def error_of(refused: PushTicketError) -> str:
    """The code only: the message repeats the push token."""
    details = refused.push_response.details or {}
    return str(details.get("error", "no reason given"))
