"""A service provider on pysaml2: `python pysaml2_app.py CONFIG.json`.

GET /login?binding=&force=&passive=&nameid=&context=&relaystate= starts; POST /acs receives;
GET /session prints what was learned; GET /metadata prints the metadata.
"""

import json
import secrets
import sys
from http.cookies import SimpleCookie
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

from saml2 import BINDING_HTTP_POST, BINDING_HTTP_REDIRECT
from saml2.client import Saml2Client
from saml2.config import SPConfig
from saml2.metadata import entity_descriptor
from saml2.response import StatusError
from saml2.xmldsig import DIGEST_SHA256, SIG_RSA_SHA256

COOKIE = "pysaml2_session"


class Application:
    """The service provider's state: its configuration, requests in flight, and sessions."""

    def __init__(self, given: dict):
        self.given = given
        base = given["base_url"]
        settings = {
            "entityid": given["entity_id"],
            "xmlsec_binary": "/usr/bin/xmlsec1",
            "key_file": given["key"],
            "cert_file": given["certificate"],
            "metadata": {"local": [given["idp_metadata"]]},
            "allow_unknown_attributes": True,
            "accepted_time_diff": 60,
            "service": {
                "sp": {
                    "endpoints": {"assertion_consumer_service": [(f"{base}/acs", BINDING_HTTP_POST)]},
                    "allow_unsolicited": True,
                    "authn_requests_signed": given["sign_requests"],
                    "want_assertions_signed": "assertion" in given["wants_signed"],
                    "want_response_signed": "response" in given["wants_signed"],
                    "name_id_format_allow_create": True,
                }
            },
        }
        if given["encrypt"]:
            settings["encryption_keypairs"] = [
                {"key_file": given["key"], "cert_file": given["certificate"]}
            ]
        self.config = SPConfig().load(settings)
        self.client = Saml2Client(config=self.config)
        self.outstanding: dict[str, str] = {}
        self.sessions: dict[str, dict] = {}

    def start_sign_on(self, query: dict[str, str]):
        """The HTTP answer that sends the user to the identity provider."""
        binding = query.get("binding", BINDING_HTTP_REDIRECT)
        options = {}
        if query.get("force"):
            options["force_authn"] = "true"
        if query.get("passive"):
            options["is_passive"] = "true"
        if query.get("context"):
            options["requested_authn_context"] = {
                "authn_context_class_ref": [query["context"]],
                "comparison": "exact",
            }
        request_id, _, info = self.client.prepare_for_negotiated_authenticate(
            entityid=self.given["idp_entity_id"],
            relay_state=query.get("relaystate", ""),
            binding=binding,
            nameid_format=query.get("nameid"),
            sign=self.given["sign_requests"],
            sigalg=SIG_RSA_SHA256,
            digest_alg=DIGEST_SHA256,
            **options,
        )
        self.outstanding[request_id] = "/session"
        return info

    def receive(self, form: dict[str, str]) -> dict:
        """Lets pysaml2 judge a response and keeps what it learned."""
        answer = self.client.parse_authn_request_response(
            form["SAMLResponse"], BINDING_HTTP_POST, outstanding=dict(self.outstanding)
        )
        if answer.in_response_to:
            self.outstanding.pop(answer.in_response_to, None)
        name_id = answer.name_id
        attributes: dict[str, list[str]] = {}
        for statement in answer.assertion.attribute_statement:
            for attribute in statement.attribute:
                attributes[attribute.name] = [v.text for v in attribute.attribute_value]
        context = answer.assertion.authn_statement[0].authn_context
        return {
            "signedIn": True,
            "nameId": {
                "value": name_id.text if name_id else None,
                "format": name_id.format if name_id else None,
                "nameQualifier": name_id.name_qualifier if name_id else None,
                "spNameQualifier": name_id.sp_name_qualifier if name_id else None,
            },
            "attributes": attributes,
            "identity": answer.ava,
            "authnContext": context.authn_context_class_ref.text,
            "relayState": form.get("RelayState"),
        }


class Handler(BaseHTTPRequestHandler):
    """HTTP for the application."""

    application: Application

    def do_GET(self):
        url = urlsplit(self.path)
        query = {k: v[0] for k, v in parse_qs(url.query).items()}
        if url.path == "/login":
            self._send_away(self.application.start_sign_on(query))
        elif url.path == "/metadata":
            xml = str(entity_descriptor(self.application.config)).encode()
            self._answer(200, "application/samlmetadata+xml", xml)
        elif url.path == "/session":
            cookie = SimpleCookie(self.headers.get("Cookie", "")).get(COOKIE)
            session = self.application.sessions.get(cookie.value if cookie else "", {"signedIn": False})
            self._json(200, session)
        else:
            self._answer(404, "text/plain", b"not here")

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        form = {k: v[0] for k, v in parse_qs(body, keep_blank_values=True).items()}
        try:
            session = self.application.receive(form)
        except StatusError as error:
            # pysaml2 reports the second-level status by the type of its exception and in its text.
            text = str(error)
            self._json(403, {
                "error": f"{type(error).__name__}: {text}",
                "statuses": status_uris(text),
            })
            return
        except Exception as error:  # whatever pysaml2 raises is its refusal
            self._json(403, {"error": f"{type(error).__name__}: {error}", "statuses": []})
            return
        token = secrets.token_urlsafe(16)
        self.application.sessions[token] = session
        self.send_response(303)
        self.send_header("Set-Cookie", f"{COOKIE}={token}; Path=/; HttpOnly")
        self.send_header("Location", "/session")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _send_away(self, info: dict):
        if info["method"] == "GET":
            self.send_response(303)
            for name, value in info["headers"]:
                self.send_header(name, value)
            self.send_header("Content-Length", "0")
            self.end_headers()
        else:
            self._answer(200, "text/html; charset=utf-8", "".join(info["data"]).encode())

    def _json(self, status: int, value: dict):
        self._answer(status, "application/json", json.dumps(value).encode())

    def _answer(self, status: int, content_type: str, body: bytes):
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def status_uris(text: str) -> list[str]:
    """The status codes named in an error of pysaml2, outermost first."""
    found = []
    for part in text.split('"'):
        if part.startswith("urn:oasis:names:tc:SAML:2.0:status:") and part not in found:
            found.append(part)
    return found


if __name__ == "__main__":
    with open(sys.argv[1], encoding="utf-8") as file:
        Handler.application = Application(json.load(file))
    port = Handler.application.given["port"]
    ThreadingHTTPServer(("127.0.0.1", port), Handler).serve_forever()
