"""A browser without a screen: cookies, redirects and HTML forms, and a record of what passed."""

import base64
import zlib
from dataclasses import dataclass, field
from urllib.parse import parse_qs, urljoin, urlsplit

import lxml.html
import requests


@dataclass
class Form:
    """A form of a page, ready to be sent."""

    action: str
    method: str
    fields: dict[str, str]


@dataclass
class Passed:
    """A SAML message that passed through the browser."""

    xml: bytes
    relay_state: str | None
    sent_to: str


@dataclass
class Client:
    """One browser. Follows redirects itself, so that every hop can be looked at."""

    session: requests.Session = field(default_factory=requests.Session)
    trail: list[str] = field(default_factory=list)
    #: SAML requests and responses that passed, oldest first.
    requests_seen: list["Passed"] = field(default_factory=list)
    responses_seen: list["Passed"] = field(default_factory=list)

    def __post_init__(self):
        # A proxy in the environment has no business between programs of one machine.
        self.session.trust_env = False

    def get(self, url: str) -> requests.Response:
        """Opens a page and follows redirects."""
        return self._follow(self._send("GET", url))

    def submit(self, form: Form, **changes: str) -> requests.Response:
        """Sends a form with some fields filled in, and follows redirects."""
        return self._follow(self._submit_once(form, **changes))

    def submit_without_following(self, form: Form, **changes: str) -> requests.Response:
        """Sends a form and returns the very next answer."""
        return self._submit_once(form, **changes)

    def get_without_following(self, url: str) -> requests.Response:
        """Opens a URL and returns the very next answer."""
        return self._send("GET", url)

    def _submit_once(self, form: Form, **changes: str) -> requests.Response:
        fields = {**form.fields, **changes}
        if "SAMLResponse" in fields:
            xml = base64.b64decode(fields["SAMLResponse"])
            self.responses_seen.append(Passed(xml, fields.get("RelayState"), form.action))
        if "SAMLRequest" in fields:
            xml = base64.b64decode(fields["SAMLRequest"])
            self.requests_seen.append(Passed(xml, fields.get("RelayState"), form.action))
        if form.method == "post":
            return self._send("POST", form.action, data=fields)
        return self._send("GET", form.action, params=fields)

    def _send(self, method: str, url: str, **arguments) -> requests.Response:
        self.trail.append(f"{method} {url}")
        query = parse_qs(urlsplit(url).query, keep_blank_values=True)
        if "SAMLRequest" in query:
            xml = zlib.decompress(base64.b64decode(query["SAMLRequest"][0]), -zlib.MAX_WBITS)
            self.requests_seen.append(Passed(xml, query.get("RelayState", [None])[0], url))
        return self.session.request(method, url, allow_redirects=False, timeout=30, **arguments)

    def _follow(self, response: requests.Response) -> requests.Response:
        for _ in range(20):
            if response.status_code not in (301, 302, 303, 307):
                return response
            assert response.status_code != 307, "a 307 would send a password or message again"
            response = self._send("GET", urljoin(response.url, response.headers["Location"]))
        raise AssertionError("redirected in circles:\n" + "\n".join(self.trail))


def forms(response: requests.Response) -> list[Form]:
    """The forms of a page, with hidden inputs and defaults filled in as a browser would."""
    if "html" not in response.headers.get("Content-Type", "") or not response.content.strip():
        return []
    page = lxml.html.fromstring(response.content.decode("utf-8"))
    found = []
    for element in page.iter("form"):
        fields = {
            i.get("name"): i.get("value", "")
            for i in element.iter("input")
            if i.get("name") and i.get("type") not in ("submit", "checkbox", "radio")
        }
        action = urljoin(response.url, element.get("action") or response.url)
        found.append(Form(action, (element.get("method") or "get").lower(), fields))
    return found


def form_with(response: requests.Response, name: str) -> Form | None:
    """The form of a page that has an input of this name."""
    return next((f for f in forms(response) if name in f.fields), None)

