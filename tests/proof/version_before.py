"""The version before this one, out of the history: its server over a shop of its schema, and one who buys there."""

from __future__ import annotations

import os
import secrets
import subprocess
import sys
import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from backend.operations.demo_server import free_port
from backend.operations.shopper_device import Reply, ShopperDevice
from backend.settings import Settings
from tests.proof.load import CutOff, Wire
from tests.proof.load import insist as insist_for
from tests.proof.processes import ROOT, Process

COMMIT = "28f6db9"  # the last one with schema 0003
ROOMS = ("backend", "admin_panel", "catalogue", "ml")
PIN, PASSWORD = "629480", "correct horse battery"
STORE = "R1"
PATIENCE_S = 300  # while its tables are changed, everybody waits
insist = partial(insist_for, within_s=PATIENCE_S)


class VersionBefore:
    def __init__(self, settings: Settings, folder: Path) -> None:
        self.settings, self.folder = settings, folder / f"code-{COMMIT}"
        self.folder.mkdir()
        code = subprocess.run(["git", "-C", ROOT, "archive", COMMIT, *ROOMS], check=True, capture_output=True)
        subprocess.run(["tar", "-x", "-C", self.folder], input=code.stdout, check=True)
        self.environment = {name: it for name, it in os.environ.items() if not name.startswith("SMARTPAY_")}
        self.environment |= {"DATABASE_URL": settings.main_url, "SMARTPAY_LOG_LEVEL": "WARNING"}
        self.port = free_port()
        self.wire = Wire(lambda: [self.port])
        command = [*self.command, "serve", "--port", str(self.port)]
        self.server = Process(
            "before", command, folder / "before.log", self.environment, self.port, self.folder
        )

    @property
    def command(self) -> list[str]:
        return [sys.executable, "-m", "backend.cli", "--data", str(self.settings.data)]

    def start(self) -> None:
        self.server.start()
        self.server.wait_until_ready()

    def stop(self) -> None:
        self.server.kill()
        self.wire.close()

    def employ(self, role: str) -> str:
        """The token of somebody new."""
        login = f"{role}-{secrets.token_hex(3)}"
        add = [*self.command, "staff-add", login, "--role", role]
        said = subprocess.run(
            add, check=True, capture_output=True, text=True, cwd=self.folder, env=self.environment
        )
        body = {"login": login, "password": said.stdout.split()[-1]}
        signed_in = ShopperDevice(self.wire).call("POST", "/v1/staff/sessions", body)
        assert signed_in.status == 201, signed_in
        return str(signed_in.json["token"])


@dataclass
class OldCustomer:
    """Registered, with a PIN and money; pays with the password, which needs no face."""

    device: ShopperDevice
    label: str

    @classmethod
    def of(cls, version: VersionBefore, label: str) -> OldCustomer:
        device, login = ShopperDevice(version.wire), f"old-{secrets.token_hex(3)}"
        for reply in (
            device.become_guest(),
            device.register(login, PASSWORD, "Old customer"),
            device.choose_pin(PIN),
        ):
            assert reply.status < 300, reply
        till = ShopperDevice(device.transport)
        till.access_token = version.employ("cashier")
        body = {"shopper": login, "store": STORE, "amount_minor": 5_000_00}
        topped_up = till.call("POST", "/v1/staff/topups", body, key=secrets.token_hex(8))
        assert topped_up.status == 201, topped_up
        return cls(device, label)

    def buy(self) -> Reply:
        """Repeats what got no final answer, as a phone does."""
        at, scan_id, opening, paying = self.device, *(secrets.token_hex(8) for _ in range(3))
        scanned = insist(lambda: at.scan(self.label, scan_id=scan_id))
        if scanned.status >= 300:
            return scanned
        opened = insist(lambda: at.open_checkout(scanned.json["cart"]["id"], key=opening))
        if opened.status >= 300:
            return opened
        checkout_id = opened.json["id"]
        password = {"password": PASSWORD}
        asked = insist(
            lambda: at.call("POST", f"/v1/checkouts/{checkout_id}/password", password, proved=True)
        )
        if asked.status >= 300:
            return asked
        grant = self.await_grant()
        body = {"grant": grant, "pin": PIN}  # it knows no `method`
        return insist(
            lambda: at.call("POST", f"/v1/checkouts/{checkout_id}/pay", body, key=paying, proved=True)
        )

    def await_grant(self) -> str:
        give_up_at = time.monotonic() + PATIENCE_S
        while time.monotonic() < give_up_at:
            looked = insist(
                lambda: self.device.call("GET", f"/v1/inbox?after={self.device.inbox_after}", proved=True)
            )
            for message in looked.json["messages"]:
                self.device.inbox_after = message["id"]
                if message["kind"] == "grant.issued":
                    return self.device.open(message["sealed"])
        raise CutOff(f"no grant within {PATIENCE_S} s")
