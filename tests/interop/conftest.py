"""One Avouch for the whole run, and each service provider in two set-ups."""

import os
import shutil
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from harness import evidence
from harness.avouch import PASSWORD, Avouch, go_through
from harness.client import Client, Passed
from service_providers.base import Login, ServiceProvider, SpOptions
from service_providers.mellon import Mellon
from service_providers.shibboleth import Shibboleth
from service_providers.small_app import NodeSaml, Pysaml2

PROVIDERS = [Shibboleth, Mellon, Pysaml2, NodeSaml]

#: Text that breaks whatever does not escape, in each value of a multi-valued attribute.
HARD_TEXT = """Ünï <&> 'quoted' "øst" 漢字"""
ENTITLEMENTS = ["urn:x-sample:reader", "urn:x-sample:writer; of <b>wikis</b>", HARD_TEXT]

USERNAME = "sample.one"
EMAIL_ADDRESS = "sample.one@example.org"
ATTRIBUTES = {
    "urn:oid:0.9.2342.19200300.100.1.3": [EMAIL_ADDRESS],
    "urn:oid:2.5.4.42": ["Sample"],
    "urn:oid:2.5.4.4": ["User One"],
    "urn:oid:2.16.840.1.113730.3.1.241": [HARD_TEXT],
    "urn:oid:1.3.6.1.4.1.5923.1.1.1.7": ENTITLEMENTS,
    "department": ["Research", "Teaching"],
}
ROWS = "\n".join([
    "urn:oid:0.9.2342.19200300.100.1.3=email,friendly=mail",
    "urn:oid:2.5.4.42=given_name,friendly=givenName",
    "urn:oid:2.5.4.4=family_name,friendly=sn",
    "urn:oid:2.16.840.1.113730.3.1.241=display_name,friendly=displayName",
    "urn:oid:1.3.6.1.4.1.5923.1.1.1.7=custom.entitlement,friendly=eduPersonEntitlement",
    "department=custom.department,format=basic",
])


@dataclass
class Outcome:
    """How a sign-on ended."""

    page: object
    asked: int
    request: Passed | None
    response: Passed | None
    xml: object


class World:
    """The server, and the apps registered at it so far."""

    def __init__(self, avouch: Avouch, folder: Path):
        self.avouch = avouch
        self.folder = folder
        self.idp_metadata = folder / "idp-metadata.xml"
        self.read_metadata()
        self.apps: dict[str, str] = {}
        self.running: dict[tuple, ServiceProvider] = {}

    def read_metadata(self) -> None:
        """Fetches the identity provider's metadata for the service providers started from now on."""
        xml = self.avouch.metadata()
        self.idp_metadata.write_bytes(xml)
        self.idp_metadata.chmod(0o644)
        self.entity_id = evidence.read(xml).get("entityID")
        self.certificates = evidence.signing_certificates(xml)

    def provider(self, kind: type[ServiceProvider], options: SpOptions) -> ServiceProvider:
        """A running service provider; started at its first use."""
        key = (kind, options)
        if key not in self.running:
            folder = self.folder / f"{kind.name}-{len(self.running)}"
            provider = kind(folder, self.idp_metadata, self.entity_id, options)
            self.running[key] = provider
            provider.start()
        return self.running[key]

    def app(self, sp: ServiceProvider, login: Login, **settings: str) -> str:
        """The app for the entity that will send this request; registered at its first use."""
        entity = sp.entity_for(login)
        usual = {"permitted_users": "self_authorize", "ask_consent": "false", "attributes": ROWS,
                 "allowed_name_id_formats": "persistent\ntransient\nemailAddress"}
        if entity.entity_id not in self.apps:
            metadata = entity.metadata
            if sp.options.cipher:
                metadata = evidence.naming_cipher(metadata, sp.options.cipher)
            self.apps[entity.entity_id] = self.avouch.add_app(metadata)
        name = self.apps[entity.entity_id]
        self.avouch.edit_app(name, **{**usual, **settings})
        return name

    def sign_on(self, client: Client, sp: ServiceProvider, login: Login, username: str = USERNAME) -> Outcome:
        """Signs on from the service provider and checks every message that passed."""
        self.app(sp, login)
        return self.finish(client, sp, client.get(sp.login_url(login)), username)

    def finish(self, client: Client, sp: ServiceProvider, page, username: str = USERNAME) -> Outcome:
        """Walks on from any page of a sign-on and checks every message that passed; each has its
        signatures where the service provider wants them, and nowhere else."""
        before = len(client.responses_seen)
        page, asked = go_through(client, page, username)
        passed = client.responses_seen[before:]
        assert len(passed) <= 1, "one sign-on, one response"
        wanted = sp.options.wants_signed
        xml = evidence.check_response(passed[0].xml, self.certificates, sp.key, wanted) if passed else None
        return Outcome(
            page, asked,
            client.requests_seen[-1] if client.requests_seen else None,
            passed[0] if passed else None,
            xml,
        )


@contextmanager
def started_world(config: str = ""):
    """Avouch with its sample users, and later the service providers that tests ask for."""
    binary = Path(os.environ["AVOUCH_BIN"])
    folder = Path(tempfile.mkdtemp(prefix="avouch-interop-"))
    # Apache's children read here under another account when the tests run as root.
    folder.chmod(0o755)
    avouch = Avouch(binary, folder / "avouch", config)
    made = None
    try:
        avouch.start()
        avouch.run(
            "user", "add", USERNAME, "--email", EMAIL_ADDRESS, "--given-name", "Sample",
            "--family-name", "User One", "--display-name", HARD_TEXT,
            *(f"--attr=entitlement={value}" for value in ENTITLEMENTS),
            "--attr=department=Research", "--attr=department=Teaching",
            stdin=PASSWORD + "\n",
        )
        made = World(avouch, folder)
        yield made
    finally:
        for provider in made.running.values() if made else ():
            provider.stop()
        avouch.stop()
        if not os.environ.get("AVOUCH_KEEP"):
            shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def world():
    """The Avouch that most tests share; each registers apps of its own."""
    with started_world() as made:
        yield made


@pytest.fixture(params=PROVIDERS, ids=lambda kind: kind.name)
def kind(request):
    """Each of the four stacks."""
    return request.param


@pytest.fixture
def sp(world, kind):
    """A service provider that signs nothing and has no key for encryption."""
    return world.provider(kind, SpOptions())


@pytest.fixture
def strict_sp(world, kind):
    """A service provider that signs its requests and wants its assertions encrypted."""
    return world.provider(kind, SpOptions(sign_requests=True, encrypt=True))


@pytest.fixture
def client():
    """A browser that was never here before."""
    return Client()
