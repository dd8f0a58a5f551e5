"""What a service provider can ask for, and how it learns that the answer is no."""

import base64
import re
import zlib
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest

from harness import evidence
from harness.avouch import go_through, login_form
from harness.client import form_with
from harness.evidence import SAML, SAMLP
from service_providers.base import POST, REDIRECT, Login
from service_providers.mellon import PASSWORD, STRONGER
from test_sign_on import BINDINGS, assert_signed_in

STATUS = "urn:oasis:names:tc:SAML:2.0:status:"


def authn_instant(outcome) -> str:
    """When the assertion says that the user signed in."""
    return next(outcome.xml.iter(f"{SAML}AuthnStatement")).get("AuthnInstant")


def assert_told(sp, client, outcome, *statuses):
    """The service provider got a signed answer with these statuses, understood it, and let nobody in."""
    assert evidence.statuses(outcome.xml) == list(statuses)
    assert outcome.response.relay_state == (outcome.request.relay_state or None)
    assert sp.session(client, outcome.page) is None
    failure = sp.failure(client, outcome.page)
    assert failure, f"the service provider shows no failure:\n{outcome.page.text[:2000]}"
    told = [status for status in failure.statuses if status in statuses]
    assert told, f"the service provider shows none of the statuses: {failure}"


@BINDINGS
def test_force_authn_asks_again(world, sp, kind, client, binding):
    """A live session does not spare the password; AuthnInstant is the new one."""
    if "force" in kind.cannot:
        # Not skipped: that this stack still cannot is itself checked.
        url = sp.login_url(Login(force=True))
        world.app(sp, Login())
        client.get(url)
        request = evidence.read(client.requests_seen[-1].xml)
        assert request.get("ForceAuthn") in (None, "false")
        return
    first = world.sign_on(client, sp, Login(binding=binding))
    assert first.asked == 1
    again = world.sign_on(client, sp, Login(binding=binding, force=True))
    assert evidence.read(again.request.xml).get("ForceAuthn") in ("true", "1")
    assert again.asked == 1, "ForceAuthn asks for the password although there is a session"
    assert authn_instant(again) > authn_instant(first)
    assert_signed_in(sp, client, again)


@BINDINGS
def test_passive_without_a_session(world, sp, client, binding):
    """Proves AV-ST-04."""
    outcome = world.sign_on(client, sp, Login(binding=binding, passive=True))
    assert evidence.read(outcome.request.xml).get("IsPassive") in ("true", "1")
    assert outcome.asked == 0, "IsPassive shows nothing to the user"
    assert_told(sp, client, outcome, STATUS + "Responder", STATUS + "NoPassive")


def test_passive_with_a_session(world, sp, client):
    world.sign_on(client, sp, Login())
    outcome = world.sign_on(client, sp, Login(passive=True))
    assert outcome.asked == 0
    assert_signed_in(sp, client, outcome)


@BINDINGS
def test_context_that_cannot_be_reached(world, sp, client, binding):
    outcome = world.sign_on(client, sp, Login(binding=binding, context=STRONGER))
    assert_told(sp, client, outcome, STATUS + "Responder", STATUS + "NoAuthnContext")


def test_context_that_can_be_reached(world, sp, client):
    outcome = world.sign_on(client, sp, Login(context=PASSWORD))
    session = assert_signed_in(sp, client, outcome)
    assert session.authn_context == PASSWORD


def test_user_without_access(world, strict_sp, client):
    """Proves AV-ST-08."""
    login = Login()
    app = world.app(strict_sp, login)
    world.avouch.edit_app(app, permitted_users="admin_approved")
    try:
        page, asked = go_through(client, client.get(strict_sp.login_url(login)), "sample.one", stop_at="code")
        assert asked == 1
        # The user reads the reason here, with a code that explains it to an administrator.
        code = re.search(r'<code class="code">([^<]+)</code>', page.text).group(1)
        assert "AppAccessDenied" in world.avouch.explain(code)
        # Going on tells the service provider.
        outcome = world.finish(client, strict_sp, page)
        assert_told(strict_sp, client, outcome, STATUS + "Responder", STATUS + "RequestDenied")
    finally:
        world.avouch.edit_app(app, permitted_users="self_authorize")
    assert_signed_in(strict_sp, client, world.sign_on(client, strict_sp, login))


def redirect_of(client, sp, login) -> str:
    """The URL with the AuthnRequest that a service provider sends the browser to."""
    answer = client.get_without_following(sp.login_url(login))
    for _ in range(5):
        location = answer.headers["Location"]
        if "SAMLRequest=" in location:
            return location
        answer = client.get_without_following(location)
    raise AssertionError("no AuthnRequest")


def with_query(url: str, **changes: str | None) -> str:
    """The URL with parameters of its query replaced or taken out."""
    pairs = [(k, changes.get(k, v)) for k, v in parse_qsl(urlsplit(url).query, keep_blank_values=True)]
    return url.split("?")[0] + "?" + urlencode([(k, v) for k, v in pairs if v is not None])


def parameter(url: str, name: str) -> str:
    """A parameter of a URL's query."""
    return dict(parse_qsl(urlsplit(url).query, keep_blank_values=True))[name]


def deflated(xml: bytes) -> str:
    """A message as HTTP-Redirect carries it."""
    press = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    return base64.b64encode(press.compress(xml) + press.flush()).decode()


def tamper_request(url: str) -> str:
    """Asks for something the service provider did not ask for."""
    xml = zlib.decompress(base64.b64decode(parameter(url, "SAMLRequest")), -zlib.MAX_WBITS)
    changed = xml.replace(b'Version="2.0"', b'Version="2.0" Consent="urn:x-sample:changed"')
    if b"Consent=" in xml:
        changed = xml.replace(b"consent:current-implicit", b"consent:unspecified")
    assert changed != xml
    return with_query(url, SAMLRequest=deflated(changed))


def tamper_signature(url: str) -> str:
    """Changes one bit of the signature."""
    octets = bytearray(base64.b64decode(parameter(url, "Signature")))
    octets[10] ^= 1
    return with_query(url, Signature=base64.b64encode(bytes(octets)).decode())


def take_signature_away(url: str) -> str:
    """Sends the request as if it had never been signed."""
    return with_query(url, Signature=None, SigAlg=None)


def assert_refused(world, sp, client, page):
    """Avouch shows a page, asks for no password, and sends the service provider nothing."""
    assert 400 <= page.status_code < 500, page.status_code
    assert page.url.startswith(world.avouch.base_url)
    assert login_form(page) is None and form_with(page, "SAMLResponse") is None
    assert not client.responses_seen


@pytest.mark.parametrize("change", [tamper_request, tamper_signature, take_signature_away])
def test_tampered_redirect_request_is_refused(world, strict_sp, client, change):
    login = Login(binding=REDIRECT)
    world.app(strict_sp, login)
    url = redirect_of(client, strict_sp, login)
    refused = client.get(change(url))
    assert_refused(world, strict_sp, client, refused)
    # The same request as it was sent is accepted.
    page = client.get(url)
    assert_signed_in(strict_sp, client, world.finish(client, strict_sp, page))


def test_tampered_posted_request_is_refused(world, strict_sp, client):
    login = Login(binding=POST)
    world.app(strict_sp, login)
    page = client.get(strict_sp.login_url(login))
    form = form_with(page, "SAMLRequest")
    xml = base64.b64decode(form.fields["SAMLRequest"])
    request = evidence.read(xml)
    assert request.tag == f"{SAMLP}AuthnRequest" and b"SignatureValue" in xml
    changed = xml.replace(b'Version="2.0"', b'Version="2.0" ProviderName="Changed"', 1)
    assert changed != xml
    refused = client.submit(form, SAMLRequest=base64.b64encode(changed).decode())
    assert_refused(world, strict_sp, client, refused)
    outcome = world.finish(client, strict_sp, client.submit(form))
    assert_signed_in(strict_sp, client, outcome)
