"""A browser without a screen: cookies, redirects and HTML forms, and a record of what passed."""

import base64
import email.message
import http.cookiejar
import json
import urllib.error
import urllib.request
import zlib
from dataclasses import dataclass
from urllib.parse import parse_qs, urlencode, urljoin, urlsplit

import lxml.html


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
class Answer:
    """What a server answered."""

    url: str
    status_code: int
    headers: email.message.Message
    content: bytes

    @property
    def text(self) -> str:
        """The body as text."""
        return self.content.decode("utf-8", "replace")

    def json(self):
        """The body, which must be JSON."""
        return json.loads(self.content)


class NoRedirects(urllib.request.HTTPRedirectHandler):
    """Leaves a redirect to the caller."""

    def redirect_request(self, *_):
        return None


class Client:
    """One browser. Follows redirects itself, so that every hop can be looked at.

    A URL is sent octet for octet as it came, as browsers do: a library that tidies its escapes
    would break signatures over it, or mend ones that are broken.
    """

    def __init__(self):
        self.trail: list[str] = []
        #: SAML requests and responses that passed, oldest first.
        self.requests_seen: list[Passed] = []
        self.responses_seen: list[Passed] = []
        self._opener = urllib.request.build_opener(
            # A proxy in the environment has no business between programs of one machine.
            urllib.request.ProxyHandler({}),
            urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar()),
            NoRedirects(),
        )

    def get(self, url: str) -> Answer:
        """Opens a page and follows redirects."""
        return self._follow(self._send("GET", url))

    def submit(self, form: Form, **changes: str) -> Answer:
        """Sends a form with some fields filled in, and follows redirects."""
        fields = {**form.fields, **changes}
        for name, seen in (("SAMLResponse", self.responses_seen), ("SAMLRequest", self.requests_seen)):
            if name in fields:
                seen.append(Passed(base64.b64decode(fields[name]), fields.get("RelayState"), form.action))
        if form.method == "post":
            return self._follow(self._send("POST", form.action, urlencode(fields).encode()))
        return self._follow(self._send("GET", f"{form.action}?{urlencode(fields)}"))

    def get_without_following(self, url: str) -> Answer:
        """Opens a URL and returns the very next answer."""
        return self._send("GET", url)

    def _send(self, method: str, url: str, body: bytes | None = None) -> Answer:
        self.trail.append(f"{method} {url}")
        query = parse_qs(urlsplit(url).query, keep_blank_values=True)
        if "SAMLRequest" in query:
            xml = zlib.decompress(base64.b64decode(query["SAMLRequest"][0]), -zlib.MAX_WBITS)
            self.requests_seen.append(Passed(xml, query.get("RelayState", [None])[0], url))
        request = urllib.request.Request(url, data=body, method=method)
        try:
            answer = self._opener.open(request, timeout=30)
        except urllib.error.HTTPError as error:
            answer = error
        with answer:
            return Answer(url, answer.status, answer.headers, answer.read())

    def _follow(self, answer: Answer) -> Answer:
        for _ in range(20):
            if answer.status_code not in (301, 302, 303, 307):
                return answer
            assert answer.status_code != 307, "a 307 would send a password or message again"
            # Header octets arrive as Latin-1; browsers escape those beyond ASCII and leave the rest.
            location = "".join(
                c if ord(c) < 128 else f"%{ord(c):02X}" for c in answer.headers["Location"]
            )
            answer = self._send("GET", urljoin(answer.url, location))
        raise AssertionError("redirected in circles:\n" + "\n".join(self.trail))


def forms(response: Answer) -> list[Form]:
    """The forms of a page, with hidden inputs and defaults filled in as a browser would."""
    if "html" not in (response.headers.get("Content-Type") or "") or not response.content.strip():
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


def form_with(response: Answer, name: str) -> Form | None:
    """The form of a page that has an input of this name."""
    return next((f for f in forms(response) if name in f.fields), None)

