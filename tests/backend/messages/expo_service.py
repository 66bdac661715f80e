"""Expo's push service as its documentation describes it, on loopback, with the ways in which it can fail."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

SEND = "/--/api/v2/push/send"


class ExpoService:
    """`mood` decides how the next requests are answered; `requests` is what came in."""

    def __init__(self) -> None:
        self.mood = "ok"
        self.requests: list[dict[str, Any]] = []
        self.released = threading.Event()
        service = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                messages = json.loads(body)
                service.requests.append(
                    {"path": self.path, "headers": dict(self.headers.items()), "messages": messages}
                )
                status, kind, answer = service.answer(messages)
                self.send_response(status)
                self.send_header("content-type", kind)
                self.send_header("content-length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *_: Any) -> None:
                """Tests look at `requests` instead."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.01})
        self.thread.start()

    @property
    def host(self) -> str:
        return f"http://127.0.0.1:{self.server.server_port}"

    def answer(self, messages: list[dict[str, Any]]) -> tuple[int, str, bytes]:
        match self.mood:
            case "busy":
                return problem(429, "TOO_MANY_REQUESTS")
            case "refuses":
                return problem(400, "VALIDATION_ERROR")
            case "down":
                return 500, "text/html", b"<html>Bad gateway</html>"
            case "broken":
                return 200, "application/json", b'{"data": [{"status"'
            case "odd":
                return 200, "application/json", b'{"data": [null]}'
            case "silent":
                self.released.wait(30)
        return (
            200,
            "application/json",
            json.dumps({"data": [ticket(message, self.mood) for message in messages]}).encode(),
        )

    def close(self) -> None:
        self.released.set()
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


def ticket(message: dict[str, Any], mood: str) -> dict[str, Any]:
    errors = {
        "gone": "DeviceNotRegistered",
        "rate": "MessageRateExceeded",
        "credentials": "InvalidCredentials",
    }
    if mood in errors:
        return {"status": "error", "message": f"{message['to']} …", "details": {"error": errors[mood]}}
    return {"status": "ok", "id": "XXXXXXXX-XXXX-XXXX-XXXX-XXXXXXXXXXXX"}


def problem(status: int, code: str) -> tuple[int, str, bytes]:
    return status, "application/json", json.dumps({"errors": [{"code": code, "message": "no"}]}).encode()
