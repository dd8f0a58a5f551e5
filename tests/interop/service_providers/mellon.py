"""mod_auth_mellon in an Apache of our own.

This module takes its request options from its configuration, not from the login URL, so each
combination that the scenarios ask for is an entity of its own, under its own path.
"""

import base64
import re
from pathlib import Path
from urllib.parse import urlencode
from xml.sax.saxutils import unescape

import lxml.etree
from harness.client import Answer
from .apache import Apache
from .base import EMAIL, PERSISTENT, POST, REDIRECT, TRANSIENT
from .base import ATTRIBUTES, Entity, Failure, Login, ServiceProvider, Session, SpOptions, pem_body

MD = "{urn:oasis:names:tc:SAML:2.0:metadata}"
SAML = "{urn:oasis:names:tc:SAML:2.0:assertion}"
DS = "{http://www.w3.org/2000/09/xmldsig#}"

PASSWORD = "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport"
STRONGER = "urn:oasis:names:tc:SAML:2.0:ac:classes:TimeSyncToken"

# Every combination of binding, NameID format and context that a scenario uses.
FORMATS = {
    "default": None,
    "persistent": PERSISTENT,
    "transient": TRANSIENT,
    "email": EMAIL,
}
BINDINGS = {"redirect": REDIRECT, "post": POST}
CONTEXTS = {"any": None, "password": PASSWORD, "stronger": STRONGER}


class Mellon(ServiceProvider):
    """One Apache, and in it one entity for each combination of request options."""

    name = "mellon"
    knows_elliptic_curves = False
    relay_state_is_url = True
    cannot = {
        "force": "mod_auth_mellon has no setting that sends ForceAuthn",
    }

    def __init__(self, folder: Path, idp_metadata: Path, idp_entity_id: str, options: SpOptions):
        super().__init__(folder, idp_metadata, idp_entity_id, options)
        self.apache = Apache(folder)

    def start(self) -> None:
        # mod_auth_mellon sends by Redirect whenever it can; it sends by POST only to an IdP whose
        # metadata has nothing else. So the POST entities read a copy without the Redirect endpoint
        # (and without the signature that the change would break).
        post_only = self.folder / "idp-post-only.xml"
        tree = lxml.etree.parse(str(self.idp_metadata))
        for signature in tree.getroot().findall(f"{DS}Signature"):
            tree.getroot().remove(signature)
        for service in list(tree.iter(f"{MD}SingleSignOnService")):
            if service.get("Binding") != POST:
                service.getparent().remove(service)
        tree.write(str(post_only), encoding="utf-8", xml_declaration=True)
        post_only.chmod(0o644)

        names = "\n".join(f'  MellonSetEnv "{variable}" "{name}"' for name, variable in VARIABLES.items())
        blocks = []
        for variant in variants():
            own = self.folder / f"{variant}.xml"
            own.write_text(self._metadata(variant))
            binding, _, context = variant.split("-")
            idp = post_only if binding == "post" else self.idp_metadata
            requested = (
                f'  MellonAuthnContextClassRef "{CONTEXTS[context]}"\n  MellonAuthnContextComparisonType "exact"\n'
                if CONTEXTS[context] else ""
            )
            blocks.append(f"""ScriptAlias /{variant}/application "{self.folder}/show-environment"
<Location /{variant}>
  MellonEnable "info"
  MellonVariable "{variant}"
  MellonCookiePath "/{variant}"
  MellonEndpointPath "/{variant}/saml"
  MellonSPMetadataFile "{own}"
  MellonSPPrivateKeyFile "{self.key}"
  MellonSPCertFile "{self.certificate}"
  MellonIdPMetadataFile "{idp}"
  MellonDefaultLoginPath "/{variant}/application"
  MellonEnvVarsSetCount On
  MellonSessionDump On
  MellonSignatureMethod rsa-sha256
  MellonRedirectDomains [self]
{names}
{requested}</Location>
""")
        body = f'MellonLockFile "{self.folder}/mellon.lock"\nMellonCacheSize 200\n' + "\n".join(blocks)
        self.apache.start(["auth_mellon"], body)

    def stop(self) -> None:
        self.apache.stop()

    def entity_for(self, login: Login) -> Entity:
        variant = variant_of(login)
        return Entity(self._entity_id(variant), self._metadata(variant))

    def login_url(self, login: Login) -> str:
        query = {"ReturnTo": self.relay_state_of(login)}
        if login.passive:
            query["IsPassive"] = "true"
        return f"{self.apache.base_url}/{variant_of(login)}/saml/login?{urlencode(query)}"

    def launch_relay_state(self) -> str:
        return f"{self.apache.base_url}/{variant_of(Login())}/application?launched=1"

    def relay_state_of(self, login: Login) -> str:
        # This stack's RelayState is where the user wanted to go.
        place = f"{self.apache.base_url}/{variant_of(login)}/application"
        return f"{place}?{login.relay_state}" if login.relay_state else place

    def session(self, client, landed: Answer) -> Session | None:
        variant = landed.url.removeprefix(self.apache.base_url).split("/")[1].split("?")[0]
        seen = client.get(f"{self.apache.base_url}/{variant}/application").json()
        if "MELLON_NAME_ID" not in seen:
            return None
        # The session dump holds the assertion as this stack verified and decrypted it: the one
        # place where it tells an application the NameID's format.
        dump = lxml.etree.fromstring(decode_dump(seen["MELLON_SESSION"]))
        name_id = next(dump.iter(f"{SAML}NameID"))
        context = next(dump.iter(f"{SAML}AuthnContextClassRef"), None)
        # Values come as they stand in the XML, markup escaped, which is for the application to undo.
        attributes = {
            name: [unescape(seen[f"MELLON_{variable}_{i}"]) for i in range(int(seen[f"MELLON_{variable}_N"]))]
            for name, variable in VARIABLES.items()
            if f"MELLON_{variable}_N" in seen
        }
        return Session(
            name_id=seen["MELLON_NAME_ID"],
            name_id_format=name_id.get("Format"),
            name_qualifier=name_id.get("NameQualifier"),
            sp_name_qualifier=name_id.get("SPNameQualifier"),
            attributes=attributes,
            authn_context=context.text if context is not None else None,
            relay_state=landed.url,
        )

    def failure(self, client, landed: Answer) -> Failure | None:
        if landed.status_code < 400:
            return None
        lines = self.apache.log().splitlines()
        about = [line for line in lines if "StatusCode1=" in line]
        if not about:
            return Failure([], lines[-1] if lines else "")
        statuses = re.findall(r'StatusCode[12]="([^"]*)"', about[-1])
        return Failure([s for s in statuses if s and s != "(null)"], about[-1])

    def _entity_id(self, variant: str) -> str:
        return f"{self.apache.base_url}/{variant}"

    def _metadata(self, variant: str) -> str:
        name_id_format = FORMATS[variant.split("-")[1]]
        uses = ["signing", "encryption"] if self.options.encrypt else ["signing"]
        keys = "".join(
            f'<KeyDescriptor use="{use}"><KeyInfo xmlns="http://www.w3.org/2000/09/xmldsig#"><X509Data>'
            f"<X509Certificate>{pem_body(self.certificate)}</X509Certificate></X509Data></KeyInfo></KeyDescriptor>"
            for use in uses
        )
        formats = f"<NameIDFormat>{name_id_format}</NameIDFormat>" if name_id_format else ""
        signed = "true" if self.options.sign_requests else "false"
        wants = "true" if "assertion" in self.options.wants_signed else "false"
        return f"""<EntityDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata" entityID="{self._entity_id(variant)}">
<SPSSODescriptor AuthnRequestsSigned="{signed}" WantAssertionsSigned="{wants}" protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">
{keys}{formats}
<AssertionConsumerService index="0" isDefault="true" Binding="{POST}" Location="{self.apache.base_url}/{variant}/saml/postResponse"/>
</SPSSODescriptor></EntityDescriptor>
"""


#: Attribute names, which can hold characters that no environment variable can, and their variables.
VARIABLES = {name: variable for name, _, variable in ATTRIBUTES}


def variants() -> list[str]:
    """Every entity, by the name that is its path."""
    return [f"{b}-{f}-{c}" for b in BINDINGS for f in FORMATS for c in CONTEXTS]


def variant_of(login: Login) -> str:
    """The entity that is set up to send this request."""

    def word(table: dict, value) -> str:
        return next(word for word, held in table.items() if held == value)

    return "-".join(
        [word(BINDINGS, login.binding), word(FORMATS, login.name_id_format), word(CONTEXTS, login.context)]
    )


def decode_dump(dump: str) -> bytes:
    """The session dump, which is base64 or XML by version."""
    return dump.encode() if dump.lstrip().startswith("<") else base64.b64decode(dump)
