"""Keys of another kind, and a change of keys under service providers that keep running."""

import pytest

from conftest import PROVIDERS, started_world
from harness import evidence
from harness.client import Client
from harness.evidence import DS
from service_providers.base import PERSISTENT, Login, SpOptions
from test_sign_on import assert_signed_in

ECDSA_SHA256 = "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256"
RSA_SHA256 = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"


def signature_algorithm(outcome) -> str:
    """How the Response is signed."""
    method = outcome.xml.find(f"{DS}Signature/{DS}SignedInfo/{DS}SignatureMethod")
    return method.get("Algorithm")


@pytest.fixture(scope="module")
def p256_world():
    """Avouch that signs with P-256, and has an RSA key for apps that cannot read that."""
    with started_world('[keys]\nalgorithm = "ec-p256"\n') as made:
        made.rsa_key = made.avouch.run_json("key", "add", "--key", "rsa-2048")["id"]
        made.read_metadata()
        yield made


def test_signatures_with_p256(p256_world, kind, client):
    sp = p256_world.provider(kind, SpOptions(encrypt=True))
    outcome = p256_world.sign_on(client, sp, Login())
    assert signature_algorithm(outcome) == ECDSA_SHA256
    if kind.knows_elliptic_curves:
        assert_signed_in(sp, client, outcome)
        return
    # Such a stack lets nobody in, and its app is given a key of its own.
    assert sp.session(client, outcome.page) is None
    assert sp.failure(client, outcome.page)
    app = p256_world.app(sp, Login())
    p256_world.avouch.edit_app(app, signing_key=p256_world.rsa_key)
    outcome = p256_world.sign_on(client, sp, Login())
    assert signature_algorithm(outcome) == RSA_SHA256
    assert_signed_in(sp, client, outcome)


@pytest.fixture(scope="module")
def rollover_world():
    """Avouch whose metadata names the key in use and the next one."""
    with started_world('[keys]\nalgorithm = "rsa-2048"\n') as made:
        made.next_key = made.avouch.run_json("key", "add")["id"]
        made.read_metadata()
        yield made


def test_a_new_key_is_used_without_touching_any_service_provider(rollover_world, subtests):
    """Every service provider read the metadata once, before the change."""
    world = rollover_world
    assert len(world.certificates) == 2
    providers = [world.provider(kind, SpOptions()) for kind in PROVIDERS]
    signed_by, known_as = {}, {}
    for moment in ("before", "after"):
        for sp in providers:
            with subtests.test(sp=sp.name, moment=moment):
                client = Client()
                outcome = world.sign_on(client, sp, Login(name_id_format=PERSISTENT))
                session = assert_signed_in(sp, client, outcome)
                known_as[sp.name, moment] = session.name_id
                signed_by[sp.name, moment] = [
                    certificate for certificate in world.certificates
                    if accepts(outcome, certificate)
                ]
                assert len(signed_by[sp.name, moment]) == 1
        if moment == "before":
            world.avouch.run("key", "activate", world.next_key, "--force")
    for sp in providers:
        assert signed_by[sp.name, "before"] != signed_by[sp.name, "after"], sp.name
        assert known_as[sp.name, "before"] == known_as[sp.name, "after"], sp.name


def accepts(outcome, certificate: str) -> bool:
    """Whether the Response was signed with this certificate's key."""
    try:
        evidence.assert_signed(outcome.response.xml, evidence.read(outcome.response.xml), [certificate])
    except AssertionError:
        return False
    return True
