"""The Avouch under test: a real binary, a data folder of its own, driven by its command line."""

import json
import os
import subprocess
from pathlib import Path

import requests

from .client import Answer, Client, Form, form_with, forms
from .process import Daemon, free_port

PASSWORD = "correct horse battery staple"


class Avouch:
    """One server with its configuration and database in `folder`."""

    def __init__(self, binary: Path, folder: Path, config: str = ""):
        self.more_config = config
        self.binary = binary
        self.folder = folder
        self.port = free_port()
        self.base_url = f"http://127.0.0.1:{self.port}"
        self.config = folder / "avouch.toml"
        self._daemon: Daemon | None = None
        self._settings: dict[str, dict[str, str]] = {}
        # Nothing of the caller's environment may change what is tested.
        self._env = {k: v for k, v in os.environ.items() if not k.startswith(("AVOUCH_", "DATABASE_URL"))}

    def start(self) -> None:
        """Writes the configuration, migrates, starts, and waits until it is ready."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self.config.write_text(
            f"""[server]
base_url = "{self.base_url}"
listen = ["127.0.0.1:{self.port}"]
data_dir = "{self.folder}/data"
{self.more_config}"""
        )
        self.run("migrate")
        self._daemon = Daemon(
            [str(self.binary), "serve", "--config", str(self.config)], self.folder / "avouch.log", env=self._env
        )
        self._daemon.wait_until(self._is_ready, "being ready")

    def stop(self) -> None:
        """Stops the server."""
        if self._daemon:
            self._daemon.stop()

    def log(self) -> str:
        """Everything that the server printed."""
        return (self.folder / "avouch.log").read_text(errors="replace")

    def run(self, *arguments: str, stdin: str | None = None) -> str:
        """Runs a command of the command line; one that fails fails the test with what it said."""
        ran = subprocess.run(
            [str(self.binary), *arguments, "--config", str(self.config)],
            input=stdin or "", capture_output=True, text=True, env=self._env, timeout=60,
        )
        assert ran.returncode == 0, f"avouch {' '.join(arguments)}:\n{ran.stdout}{ran.stderr}"
        return ran.stdout

    def run_json(self, *arguments: str, stdin: str | None = None):
        """Runs a command with `--json` and reads what it printed."""
        return json.loads(self.run(*arguments, "--json", stdin=stdin))

    def metadata(self) -> bytes:
        """The identity provider's metadata, as a service provider fetches it."""
        answer = requests.get(f"{self.base_url}/saml/metadata", timeout=30)
        answer.raise_for_status()
        return answer.content

    def add_app(self, metadata: str, **settings: str) -> str:
        """Registers a service provider by its metadata; returns the app's short name."""
        file = self.folder / "sp-metadata.xml"
        file.write_text(metadata)
        name = self.run_json("app", "add", str(file))["api_name"]
        self.edit_app(name, **settings)
        return name

    def edit_app(self, name: str, **settings: str) -> None:
        """Changes settings of an app, unless they are so already."""
        known = self._settings.setdefault(name, {})
        changed = {k: v for k, v in settings.items() if known.get(k) != v}
        if changed:
            self.run("app", "edit", name, *(f"{k}={v}" for k, v in changed.items()))
            known.update(changed)

    def explain(self, code: str) -> str:
        """What `avouch explain` says about a reference code."""
        return self.run("explain", code)

    def _is_ready(self) -> bool:
        try:
            return requests.get(f"{self.base_url}/health/ready", timeout=5).status_code == 200
        except requests.ConnectionError:
            return False


def login_form(response: Answer) -> Form | None:
    """The login form, when the page has one."""
    return next(
        (f for f in forms(response) if {"username", "password", "csrf", "p"} <= f.fields.keys()
         and not f.fields["password"]),
        None,
    )


def go_through(client: Client, page: Answer, username: str, password: str = PASSWORD, stop_at: str | None = None):
    """Walks a sign-on from any page to its end, as a person with this name and password would, or
    to the first page that has an element of the class `stop_at`.

    Returns the last page and how often the password was asked for.
    """
    asked = 0
    for _ in range(12):
        if stop_at and f'class="{stop_at}"' in page.text:
            return page, asked
        if form := login_form(page):
            asked += 1
            assert asked < 3, "asked for the password again and again:\n" + page.text
            page = client.submit(form, username=username, password=password)
        elif form := form_with(page, "SAMLRequest") or form_with(page, "SAMLResponse"):
            page = client.submit(form)
        else:
            return page, asked
    raise AssertionError("the sign-on does not end:\n" + "\n".join(client.trail))
