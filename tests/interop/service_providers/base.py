"""What every service provider under test offers the scenarios."""

import json
import subprocess
from abc import ABC, abstractmethod
from dataclasses import dataclass
from pathlib import Path

from harness.client import Answer

REDIRECT = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect"
POST = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST"
PERSISTENT = "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"
TRANSIENT = "urn:oasis:names:tc:SAML:2.0:nameid-format:transient"
EMAIL = "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress"
UNSPECIFIED = "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified"

BASIC = "urn:oasis:names:tc:SAML:2.0:attrname-format:basic"

# The attributes that the stacks with variables are told about: name on the wire, NameFormat when it
# is not URI, and the variable.
ATTRIBUTES = [
    ("urn:oid:0.9.2342.19200300.100.1.3", None, "mail"),
    ("urn:oid:2.5.4.42", None, "givenName"),
    ("urn:oid:2.5.4.4", None, "sn"),
    ("urn:oid:2.16.840.1.113730.3.1.241", None, "displayName"),
    ("urn:oid:1.3.6.1.4.1.5923.1.1.1.7", None, "entitlement"),
    ("department", BASIC, "department"),
]


@dataclass(frozen=True)
class SpOptions:
    """How a service provider is set up."""

    sign_requests: bool = False
    encrypt: bool = False
    #: What it insists on being signed.
    wants_signed: tuple[str, ...] = ("response", "assertion")
    #: The one block cipher that its metadata names; the identity provider's choice without it.
    cipher: str | None = None
    #: The certificate, as a file, that the identity provider's metadata must be signed with.
    #: Of these stacks, Shibboleth alone can check that.
    metadata_signer: str | None = None


@dataclass(frozen=True)
class Login:
    """What a service provider is told to ask for."""

    binding: str = REDIRECT
    force: bool = False
    passive: bool = False
    name_id_format: str | None = None
    context: str | None = None
    relay_state: str | None = None


@dataclass(frozen=True)
class Entity:
    """One SAML entity: what an administrator registers at Avouch."""

    entity_id: str
    metadata: str


@dataclass
class Session:
    """What the service provider's application learned of the user."""

    name_id: str | None
    name_id_format: str | None
    name_qualifier: str | None
    sp_name_qualifier: str | None
    attributes: dict[str, list[str]]
    authn_context: str | None
    relay_state: str | None


@dataclass
class Failure:
    """How the service provider reports a sign-on that did not work out."""

    statuses: list[str]
    text: str


class ServiceProvider(ABC):
    """A real SAML stack, running on a port of its own."""

    #: Name in test ids.
    name: str

    #: What this stack cannot do, with the reason; README.md of this folder says it at length.
    cannot: dict[str, str] = {}

    #: Whether the stack's RelayState is the URL to return to, rather than any text.
    relay_state_is_url = False

    #: Whether the stack can check ECDSA signatures.
    knows_elliptic_curves = True

    #: Characters of RelayState that this stack escapes in one way where it signs a Redirect and in
    #: another where it sends it.
    mangles_when_signing = ""

    def __init__(self, folder: Path, idp_metadata: Path, idp_entity_id: str, options: SpOptions):
        self.folder = folder
        self.idp_metadata = idp_metadata
        self.idp_entity_id = idp_entity_id
        self.options = options
        self.key, self.certificate = make_key(folder)

    @abstractmethod
    def start(self) -> None:
        """Starts the programs and waits until they answer."""

    @abstractmethod
    def stop(self) -> None:
        """Stops the programs."""

    @abstractmethod
    def entity_for(self, login: Login) -> Entity:
        """The entity that will send this request. Most stacks have one for all."""

    @abstractmethod
    def login_url(self, login: Login) -> str:
        """Where a browser goes to start signing in."""

    @abstractmethod
    def launch_relay_state(self) -> str:
        """A RelayState that makes sense to this stack in an unsolicited response."""

    @abstractmethod
    def relay_state_of(self, login: Login) -> str | None:
        """The RelayState that this stack puts on the wire for this request."""

    @abstractmethod
    def session(self, client, landed: Answer) -> Session | None:
        """What the application sees after signing in; None without a session."""

    @abstractmethod
    def failure(self, client, landed: Answer) -> Failure | None:
        """What the stack shows after an answer that it did not accept."""


def make_key(folder: Path) -> tuple[Path, Path]:
    """An RSA key and a certificate for it that only the service provider uses."""
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o755)
    key, certificate = folder / "sp.key", folder / "sp.crt"
    if not key.exists():
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "30",
             "-subj", "/CN=Sample service provider", "-keyout", str(key), "-out", str(certificate)],
            check=True, capture_output=True,
        )
        # Apache's children read it under another account when started by root.
        key.chmod(0o644)
    return key, certificate


def pem_body(certificate: Path) -> str:
    """The base64 inside a PEM file."""
    lines = certificate.read_text().splitlines()
    return "".join(line for line in lines if not line.startswith("-----"))


def session_from_json(text: str) -> Session | None:
    """Reads what the two small applications of this folder print at /session."""
    seen = json.loads(text)
    if not seen.get("signedIn"):
        return None
    return Session(
        name_id=seen["nameId"].get("value"),
        name_id_format=seen["nameId"].get("format"),
        name_qualifier=seen["nameId"].get("nameQualifier"),
        sp_name_qualifier=seen["nameId"].get("spNameQualifier"),
        attributes=seen["attributes"],
        authn_context=seen.get("authnContext"),
        relay_state=seen.get("relayState"),
    )


def failure_from_json(response: Answer) -> Failure | None:
    """Reads what the two small applications print when they refuse a response."""
    if response.status_code != 403 or "json" not in (response.headers.get("Content-Type") or ""):
        return None
    seen = response.json()
    return Failure(statuses=seen["statuses"], text=seen["error"])
