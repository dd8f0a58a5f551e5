"""Signing on from the service provider and from Avouch, and what the application then knows."""

from urllib.parse import urlencode

import pytest

from conftest import ATTRIBUTES, EMAIL_ADDRESS, ROWS
from harness import evidence
from harness.avouch import go_through, login_form
from harness.client import Client, form_with, forms
from harness.evidence import DS, SAML, XENC
from service_providers.base import EMAIL, PERSISTENT, POST, REDIRECT, TRANSIENT, Login, SpOptions, make_key
from service_providers.shibboleth import Shibboleth
from service_providers.small_app import NodeSaml

AES_256_GCM = "http://www.w3.org/2009/xmlenc11#aes256-gcm"
RSA_SHA512 = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha512"
SUCCESS = "urn:oasis:names:tc:SAML:2.0:status:Success"
BINDINGS = pytest.mark.parametrize("binding", [REDIRECT, POST], ids=["redirect", "post"])


def assert_signed_in(sp, client, outcome):
    """The application knows the user and every attribute value, letter for letter."""
    session = sp.session(client, outcome.page)
    assert session, f"no session: {sp.failure(client, outcome.page)}\n{outcome.page.text[:2000]}"
    seen = {name: sorted(values) for name, values in session.attributes.items()}
    assert seen == {name: sorted(values) for name, values in ATTRIBUTES.items()}
    return session


@BINDINGS
def test_sign_on_without_a_request_signature(world, sp, client, binding):
    """Proves SC-01, AV-RSP-14: each stack accepts the signatures, and so does xmlsec1."""
    outcome = world.sign_on(client, sp, Login(binding=binding))
    assert outcome.asked == 1
    assert_signed_in(sp, client, outcome)


@BINDINGS
def test_sign_on_with_signed_request_and_encrypted_assertion(world, strict_sp, client, binding):
    outcome = world.sign_on(client, strict_sp, Login(binding=binding))
    assert (b"Signature" in outcome.request.xml) or ("Signature=" in outcome.request.sent_to)
    assert outcome.xml.find(f"{SAML}EncryptedAssertion/{XENC}EncryptedData") is not None
    assert EMAIL_ADDRESS.encode() not in outcome.response.xml
    assert_signed_in(strict_sp, client, outcome)


def test_second_sign_on_asks_for_no_password(world, sp, client):
    assert world.sign_on(client, sp, Login()).asked == 1
    again = world.sign_on(client, sp, Login())
    assert again.asked == 0
    assert_signed_in(sp, client, again)


def launch(world, sp, client, app, relay_state):
    """Opens the app from the launcher's URL, pressing the confirmation when there is one."""
    page, _ = go_through(client, client.get(world.avouch.base_url + "/"), "sample.one")
    query = "?" + urlencode({"RelayState": relay_state}) if relay_state else ""
    page = client.get(f"{world.avouch.base_url}/launch/{app}{query}")
    confirm = next((f for f in forms(page) if f"/launch/{app}" in f.action), None)
    if confirm and not form_with(page, "SAMLResponse"):
        page = client.submit(confirm)
    return world.finish(client, sp, page)


def test_idp_initiated(world, strict_sp, client):
    """An unsolicited response: no InResponseTo, the RelayState of the launch URL."""
    login = Login()
    app = world.app(strict_sp, login)
    relay_state = strict_sp.launch_relay_state()
    outcome = launch(world, strict_sp, client, app, relay_state)
    assert outcome.response.relay_state == relay_state
    assert outcome.xml.get("InResponseTo") is None
    session = assert_signed_in(strict_sp, client, outcome)
    assert session.relay_state == relay_state


@pytest.mark.parametrize("name_id_format", [PERSISTENT, TRANSIENT, EMAIL], ids=["persistent", "transient", "email"])
def test_name_id_formats(world, sp, client, name_id_format):
    login = Login(name_id_format=name_id_format)
    first = assert_signed_in(sp, client, world.sign_on(client, sp, login))
    other = Client()
    second = assert_signed_in(sp, other, world.sign_on(other, sp, login))
    assert first.name_id_format == second.name_id_format == name_id_format
    if name_id_format == EMAIL:
        assert first.name_id == second.name_id == EMAIL_ADDRESS
    elif name_id_format == PERSISTENT:
        assert first.name_id == second.name_id
        assert EMAIL_ADDRESS not in first.name_id and "sample" not in first.name_id
        assert first.name_qualifier in (None, world.entity_id)
        assert first.sp_name_qualifier in (None, sp.entity_for(login).entity_id)
    else:
        assert first.name_id != second.name_id
        assert "sample" not in first.name_id


def test_persistent_name_id_differs_between_service_providers(world, sp, strict_sp, client):
    login = Login(name_id_format=PERSISTENT)
    here = assert_signed_in(sp, client, world.sign_on(client, sp, login))
    there = assert_signed_in(strict_sp, client, world.sign_on(client, strict_sp, login))
    assert here.name_id != there.name_id


def hard_relay_state(sp, binding, without="") -> Login:
    """A login with a RelayState of 80 bytes, of characters that each need some kind of escaping."""
    room = 81 - len(sp.relay_state_of(Login(binding=binding, relay_state="x")).encode())
    # Where RelayState is a URL, these are as special as a URL's characters get.
    special = "q=%C3%BC%26%2B+'~!*" if sp.relay_state_is_url else """ü 漢字 <a href="x">&amp; 'q' 100% + /?#;=\\"""
    special = "".join(c for c in special if c not in without)
    login = Login(binding=binding, relay_state=special + "x" * (room - len(special.encode())))
    assert len(sp.relay_state_of(login).encode()) == 80
    return login


def assert_relay_state_returns(world, sp, client, login):
    wanted = sp.relay_state_of(login)
    outcome = world.sign_on(client, sp, login)
    assert outcome.request.relay_state == wanted, "the service provider sent something else"
    assert outcome.response.relay_state == wanted
    session = assert_signed_in(sp, client, outcome)
    assert session.relay_state == wanted


@BINDINGS
def test_relay_state_of_80_bytes_returns_unchanged(world, sp, client, binding):
    """Proves AV-BND-10 for success."""
    assert_relay_state_returns(world, sp, client, hard_relay_state(sp, binding))


@BINDINGS
def test_relay_state_of_80_bytes_beside_a_signature(world, strict_sp, client, binding):
    mangled = strict_sp.mangles_when_signing if binding == REDIRECT else ""
    login = hard_relay_state(strict_sp, binding, without=mangled)
    assert_relay_state_returns(world, strict_sp, client, login)


@pytest.mark.parametrize("character", NodeSaml.mangles_when_signing)
def test_a_signature_over_other_octets_than_were_sent(world, client, character):
    """node-saml signs one way of escaping these characters and sends another: not our signature."""
    sp = world.provider(NodeSaml, SpOptions(sign_requests=True, encrypt=True))
    login = Login(relay_state=f"a{character}b")
    world.app(sp, login)
    page = client.get(sp.login_url(login))
    assert 400 <= page.status_code < 500 and login_form(page) is None
    assert not client.responses_seen
    assert sp.session(Client(), page) is None


def test_no_relay_state_no_relay_state(world, sp, client):
    outcome = world.sign_on(client, sp, Login())
    assert outcome.response.relay_state == (outcome.request.relay_state or None)


def test_each_app_is_told_what_its_rows_say_now(world, sp, strict_sp, client):
    """Proves AV-SEC-68: two apps in one session, and rows that change while it lasts."""
    login = Login()
    assert_signed_in(strict_sp, client, world.sign_on(client, strict_sp, login))
    app = world.app(sp, login)
    mail = "urn:oid:0.9.2342.19200300.100.1.3"
    try:
        for rows, told in (("", set()), (f"{mail}=email", {mail}), ("department=custom.department", {"department"})):
            world.avouch.edit_app(app, attributes=rows)
            outcome = world.finish(client, sp, client.get(sp.login_url(login)))
            assert outcome.asked == 0, "still the same session"
            sent = {a.get("Name") for a in outcome.xml.iter(f"{SAML}Attribute")}
            assert sent == told
            # Without attributes there is no empty statement, which the schema forbids.
            assert len(list(outcome.xml.iter(f"{SAML}AttributeStatement"))) == bool(told)
    finally:
        world.avouch.edit_app(app, attributes=ROWS)
    assert_signed_in(strict_sp, client, world.sign_on(client, strict_sp, login))
    assert_signed_in(sp, client, world.sign_on(client, sp, login))


@pytest.mark.parametrize("signed", ["response", "assertion"])
def test_one_signature_is_enough(world, kind, client, signed):
    """Proves AV-RSP-13 for one signature in place of two."""
    sp = world.provider(kind, SpOptions(wants_signed=(signed,)))
    world.app(sp, Login(), sign=signed)
    assert_signed_in(sp, client, world.finish(client, sp, client.get(sp.login_url(Login()))))


def test_the_longest_hash_and_key(world, kind, client):
    """RSA-SHA512 by a setting, AES-256-GCM by the service provider's metadata."""
    sp = world.provider(kind, SpOptions(encrypt=True, cipher=AES_256_GCM))
    world.app(sp, Login(), signature_algorithm="rsa-sha512")
    outcome = world.finish(client, sp, client.get(sp.login_url(Login())))
    (data,) = outcome.xml.iter(f"{XENC}EncryptedData")
    assert data.find(f"{XENC}EncryptionMethod").get("Algorithm") == AES_256_GCM
    methods = [m.get("Algorithm") for m in outcome.xml.iter(f"{DS}SignatureMethod")]
    assert methods == [RSA_SHA512]
    assert_signed_in(sp, client, outcome)


def test_shibboleth_checks_the_signature_of_our_metadata(world, client):
    """This stack reads only metadata that the certificate it was given has signed."""
    ours = world.folder / "metadata-signer.pem"
    ours.write_text(evidence.as_pem(world.certificates[0]))
    ours.chmod(0o644)
    sp = world.provider(Shibboleth, SpOptions(metadata_signer=str(ours)))
    assert_signed_in(sp, client, world.sign_on(client, sp, Login()))

    _, foreign = make_key(world.folder / "foreign")
    sp = world.provider(Shibboleth, SpOptions(metadata_signer=str(foreign)))
    page = client.get(sp.login_url(Login()))
    assert "MetadataException" in sp.failure(client, page).text, page.text


def test_metadata_is_valid_and_signed(world):
    xml = world.idp_metadata.read_bytes()
    root = evidence.read(xml)
    evidence.assert_valid(root, "metadata")
    evidence.assert_signed(xml, root, world.certificates)
