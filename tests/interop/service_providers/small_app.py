"""The two stacks that are libraries: each in a small application written for these tests."""

import json
import sys
from pathlib import Path
from urllib.parse import urlencode

import requests

from harness.client import Answer
from harness.process import Daemon, free_port
from .base import Entity, Failure, Login, ServiceProvider, Session, SpOptions
from .base import failure_from_json, session_from_json

HERE = Path(__file__).resolve().parent


class SmallApp(ServiceProvider):
    """An application of ours around a SAML library: `/login`, `/acs`, `/session`, `/metadata`."""

    command: list[str]

    def __init__(self, folder: Path, idp_metadata: Path, idp_entity_id: str, options: SpOptions):
        super().__init__(folder, idp_metadata, idp_entity_id, options)
        self.port = free_port()
        self.base_url = f"http://127.0.0.1:{self.port}"
        self.entity_id = f"{self.base_url}/metadata"
        self._daemon: Daemon | None = None

    def start(self) -> None:
        config = self.folder / "config.json"
        config.write_text(json.dumps({
            "port": self.port,
            "base_url": self.base_url,
            "entity_id": self.entity_id,
            "idp_metadata": str(self.idp_metadata),
            "idp_entity_id": self.idp_entity_id,
            "key": str(self.key),
            "certificate": str(self.certificate),
            "sign_requests": self.options.sign_requests,
            "encrypt": self.options.encrypt,
            "wants_signed": self.options.wants_signed,
        }))
        self._daemon = Daemon([*self.command, str(config)], self.folder / "application.log")
        self._daemon.wait_for_port(self.port)

    def stop(self) -> None:
        if self._daemon:
            self._daemon.stop()

    def entity_for(self, login: Login) -> Entity:
        answer = requests.get(f"{self.base_url}/metadata", timeout=30)
        answer.raise_for_status()
        return Entity(self.entity_id, answer.text)

    def login_url(self, login: Login) -> str:
        query = {"binding": login.binding}
        if login.force:
            query["force"] = "1"
        if login.passive:
            query["passive"] = "1"
        if login.name_id_format:
            query["nameid"] = login.name_id_format
        if login.context:
            query["context"] = login.context
        if login.relay_state:
            query["relaystate"] = login.relay_state
        return f"{self.base_url}/login?{urlencode(query)}"

    def launch_relay_state(self) -> str:
        return "launched & ready"

    def relay_state_of(self, login: Login) -> str | None:
        return login.relay_state

    def session(self, client, landed: Answer) -> Session | None:
        return session_from_json(client.get(f"{self.base_url}/session").text)

    def failure(self, client, landed: Answer) -> Failure | None:
        return failure_from_json(landed)


class Pysaml2(SmallApp):
    """pysaml2, a Python library."""

    name = "pysaml2"
    command = [sys.executable, str(HERE / "pysaml2_app.py")]


class NodeSaml(SmallApp):
    """@node-saml/node-saml, a JavaScript library."""

    name = "node-saml"
    knows_elliptic_curves = False
    mangles_when_signing = " '()!~"
    command = ["node", str(HERE.parent / "node" / "server.js")]
