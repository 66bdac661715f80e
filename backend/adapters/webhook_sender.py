"""POSTs to addresses that integrators gave us: no redirect is followed, no private network is reached, nothing lasts.

The address is looked up once and that very one is connected to, so a name cannot change between check and use.
"""

from __future__ import annotations

import ipaddress
import socket
import ssl
import threading
from collections.abc import Mapping
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from urllib.parse import urlsplit

from backend.messages.ports import Reply

TIMEOUT_S = 5  # for connecting, and between two bytes
CALL_S_MAX = 10  # for all of it


class HttpWebhookSender:
    def __init__(self, *, private: bool = False, timeout_s: float = TIMEOUT_S) -> None:
        """private: also addresses that are not on the public internet."""
        self._private = private
        self._timeout_s = timeout_s
        self._tls = ssl.create_default_context()

    def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> Reply:
        there = urlsplit(url)
        assert there.hostname, "checked when the endpoint was added"
        try:
            found = self._socket(there.hostname, there.port or (443 if there.scheme == "https" else 80))
            with found as connected:
                ending = threading.Timer(CALL_S_MAX, connected.shutdown, [socket.SHUT_RDWR])
                ending.daemon = True
                ending.start()
                try:
                    return self._post(there.scheme, there.netloc, connected, target(url), body, headers)
                finally:
                    ending.cancel()
        except (OSError, HTTPException, ValueError) as problem:
            return Reply(None, type(problem).__name__)

    def _post(
        self,
        scheme: str,
        netloc: str,
        connected: socket.socket,
        path: str,
        body: bytes,
        headers: Mapping[str, str],
    ) -> Reply:
        connection = (HTTPSConnection if scheme == "https" else HTTPConnection)(
            netloc, timeout=self._timeout_s
        )
        if scheme == "https":
            connected = self._tls.wrap_socket(connected, server_hostname=connection.host)
        connection.sock = connected
        connection.request("POST", path, body, dict(headers))
        status = connection.getresponse().status
        connection.close()
        return Reply(status)

    def _socket(self, host: str, port: int) -> socket.socket:
        for *_, address in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM):
            found = str(address[0])
            if self._private or ipaddress.ip_address(found).is_global:
                return socket.create_connection((found, port), timeout=self._timeout_s)
        raise PermissionError


def target(url: str) -> str:
    there = urlsplit(url)
    return (there.path or "/") + (f"?{there.query}" if there.query else "")
