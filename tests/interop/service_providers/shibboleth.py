"""Shibboleth SP 3: mod_shib in an Apache of our own, and a shibd of our own."""

import os
import re
from html import unescape
from pathlib import Path
from urllib.parse import urlencode
from xml.sax.saxutils import quoteattr

import requests

from harness.client import Answer
from harness.process import Daemon
from .apache import Apache
from .base import EMAIL, PERSISTENT, POST, REDIRECT, TRANSIENT, UNSPECIFIED
from .base import ATTRIBUTES, Entity, Failure, Login, ServiceProvider, Session, SpOptions

SYSTEM = "/etc/shibboleth"


class Shibboleth(ServiceProvider):
    """One shibd and one Apache, for one entity."""

    name = "shibboleth"
    relay_state_is_url = True

    def __init__(self, folder: Path, idp_metadata: Path, idp_entity_id: str, options: SpOptions):
        super().__init__(folder, idp_metadata, idp_entity_id, options)
        self.apache = Apache(folder)
        self.entity_id = f"{self.apache.base_url}/shibboleth"
        self._shibd: Daemon | None = None

    def start(self) -> None:
        folder = self.folder
        (folder / "attribute-map.xml").write_text(self._attribute_map())
        (folder / "sessionError.html").write_text(ERROR_PAGE)
        # The generator fills in endpoints and keys, but not whether requests are signed.
        signed = "true" if self.options.sign_requests else "false"
        (folder / "metadata-template.xml").write_text(
            f'<md:EntityDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata" entityID="{self.entity_id}">'
            f'<md:SPSSODescriptor AuthnRequestsSigned="{signed}" '
            'protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol"/></md:EntityDescriptor>'
        )
        (folder / "console.logger").write_text(Path(SYSTEM, "console.logger").read_text())
        (folder / "shibd.logger").write_text(logger_to(folder / "shibd.log"))
        (folder / "native.logger").write_text(logger_to(folder / "native.log"))
        config = folder / "shibboleth2.xml"
        config.write_text(self._config())
        # Everything that shibd would otherwise put under /var and /run.
        env = {
            "SHIBSP_CFGDIR": str(folder),
            "SHIBSP_LOGDIR": str(folder),
            "SHIBSP_RUNDIR": str(folder),
            "SHIBSP_CACHEDIR": str(folder),
        }
        socket = folder / "shibd.sock"
        self._shibd = Daemon(
            ["/usr/sbin/shibd", "-F", "-f", "-c", str(config), "-p", str(folder / "shibd.pid"), "-w", "60"],
            folder / "shibd.out",
            env={**os.environ, **env},
        )
        self._shibd.wait_until(socket.exists, "its socket")
        self.apache.start(
            ["shib"],
            f"""ShibConfig "{config}"
<Location /application>
  AuthType shibboleth
  ShibRequestSetting requireSession false
  Require shibboleth
</Location>
""",
            env=env,
        )

    def stop(self) -> None:
        self.apache.stop()
        if self._shibd:
            self._shibd.stop()

    def entity_for(self, login: Login) -> Entity:
        answer = requests.get(f"{self.apache.base_url}/Shibboleth.sso/Metadata", timeout=30)
        answer.raise_for_status()
        return Entity(self.entity_id, answer.text)

    def login_url(self, login: Login) -> str:
        query = {"target": self.relay_state_of(login)}
        if login.force:
            query["forceAuthn"] = "true"
        if login.passive:
            query["isPassive"] = "true"
        if login.name_id_format:
            query["NameIDFormat"] = login.name_id_format
        if login.context:
            query["authnContextClassRef"] = login.context
        place = "LoginByPost" if login.binding == POST else "Login"
        return f"{self.apache.base_url}/Shibboleth.sso/{place}?{urlencode(query)}"

    def launch_relay_state(self) -> str:
        return f"{self.apache.base_url}/application?launched=1"

    def relay_state_of(self, login: Login) -> str:
        # This stack's RelayState is where the user wanted to go.
        place = f"{self.apache.base_url}/application"
        return f"{place}?{login.relay_state}" if login.relay_state else place

    def session(self, client, landed: Answer) -> Session | None:
        # CGI writes `_` for each `-` of mod_shib's names.
        seen = client.get(f"{self.apache.base_url}/application").json()
        if "Shib_Session_ID" not in seen:
            return None
        name_id = seen.get("nameID")
        format_, qualifier, sp_qualifier, value = name_id.split("!!", 3) if name_id else [None] * 4
        return Session(
            name_id=value,
            name_id_format=format_,
            name_qualifier=qualifier or None,
            sp_name_qualifier=sp_qualifier or None,
            attributes={
                name: split_values(seen[variable])
                for name, _, variable in ATTRIBUTES
                if variable in seen
            },
            authn_context=seen.get("Shib_AuthnContext_Class"),
            relay_state=landed.url,
        )

    def failure(self, client, landed: Answer) -> Failure | None:
        found = dict(re.findall(r"<dt>(\w+)</dt><dd>(.*?)</dd>", landed.text, re.S))
        if "type" not in found:
            return None
        statuses = [unescape(found[k]) for k in ("status", "substatus") if found.get(k)]
        return Failure(statuses, unescape(found["type"] + ": " + found["text"]))

    def _attribute_map(self) -> str:
        rows = "\n".join(
            f'  <Attribute name="{name}" id="{variable}"'
            + (f' nameFormat="{name_format}"/>' if name_format else "/>")
            for name, name_format, variable in ATTRIBUTES
        )
        formats = "\n".join(
            f'  <Attribute name="{name_format}" id="nameID"><AttributeDecoder xsi:type="NameIDAttributeDecoder" '
            'formatter="$Format!!$NameQualifier!!$SPNameQualifier!!$Name" defaultQualifiers="false"/></Attribute>'
            for name_format in (PERSISTENT, TRANSIENT, EMAIL, UNSPECIFIED)
        )
        return f"""<Attributes xmlns="urn:mace:shibboleth:2.0:attribute-map" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">
{rows}
{formats}
</Attributes>
"""

    def _config(self) -> str:
        folder = self.folder
        idp = quoteattr(self.idp_entity_id)
        sign = "true" if self.options.sign_requests else "false"
        credentials = f'<CredentialResolver type="File" use="signing" key="{self.key}" certificate="{self.certificate}"/>'
        if self.options.encrypt:
            credentials += f'\n    <CredentialResolver type="File" use="encryption" key="{self.key}" certificate="{self.certificate}"/>'
        signer = self.options.metadata_signer
        signed_by = f'<MetadataFilter type="Signature" certificate="{signer}"/>' if signer else ""
        return f"""<SPConfig xmlns="urn:mace:shibboleth:3.0:native:sp:config"
    xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata" clockSkew="180">
  <OutOfProcess logger="{folder}/shibd.logger"/>
  <InProcess logger="{folder}/native.logger"/>
  <UnixListener address="{folder}/shibd.sock"/>
  <StorageService type="Memory" id="mem"/>
  <SessionCache type="StorageService" StorageService="mem"/>
  <ReplayCache StorageService="mem"/>
  <ArtifactMap/>
  <RequestMapper type="Native"><RequestMap applicationId="default"/></RequestMapper>
  <ApplicationDefaults entityID="{self.entity_id}" signing="{sign}" encryption="false" homeURL="{self.apache.base_url}/application">
    <Sessions lifetime="3600" timeout="3600" checkAddress="false" handlerSSL="false" cookieProps="http"
        handlerURL="/Shibboleth.sso" redirectLimit="exact">
      <SessionInitiator type="SAML2" id="redirect" isDefault="true" Location="/Login" entityID={idp}
          outgoingBindings="{REDIRECT}"/>
      <SessionInitiator type="SAML2" id="post" Location="/LoginByPost" entityID={idp}
          outgoingBindings="{POST}" template="{SYSTEM}/bindingTemplate.html"/>
      <md:AssertionConsumerService Location="/SAML2/POST" index="1" Binding="{POST}"/>
      <Handler type="MetadataGenerator" Location="/Metadata" signing="false" template="{folder}/metadata-template.xml"/>
    </Sessions>
    <Errors session="{folder}/sessionError.html" metadata="{folder}/sessionError.html" access="{folder}/sessionError.html"/>
    <MetadataProvider type="XML" path="{self.idp_metadata}" validate="true">{signed_by}</MetadataProvider>
    <AttributeExtractor type="XML" validate="true" reloadChanges="false" path="{folder}/attribute-map.xml"/>
    {credentials}
  </ApplicationDefaults>
  <SecurityPolicyProvider type="XML" validate="true" path="{SYSTEM}/security-policy.xml"/>
  <ProtocolProvider type="XML" validate="true" reloadChanges="false" path="{SYSTEM}/protocols.xml"/>
</SPConfig>
"""


ERROR_PAGE = """<html><body><h1>Sign-on failed</h1><dl>
<dt>type</dt><dd><shibmlp errorType/></dd>
<dt>text</dt><dd><shibmlp errorText/></dd>
<dt>status</dt><dd><shibmlp statusCode/></dd>
<dt>substatus</dt><dd><shibmlp statusCode2/></dd>
<dt>message</dt><dd><shibmlp statusMessage/></dd>
</dl></body></html>
"""


def split_values(joined: str) -> list[str]:
    """Undoes mod_shib's joining: `;` between values, `\\;` for a semicolon inside one."""
    return [part.replace("\\;", ";") for part in re.split(r"(?<!\\);", joined)]


def logger_to(path: Path) -> str:
    """A log4shib configuration that writes everything of interest to one file."""
    return f"""log4j.rootCategory=INFO, file
log4j.appender.file=org.apache.log4j.FileAppender
log4j.appender.file.fileName={path}
log4j.appender.file.layout=org.apache.log4j.PatternLayout
log4j.appender.file.layout.ConversionPattern=%d %p %c %x: %m%n
"""
