"""The checks of this folder can fail: each broken message is refused, its whole twin accepted."""

import subprocess

import pytest

from harness import evidence
from service_providers.base import make_key, pem_body

RESPONSE = """<samlp:Response xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" ID="_r" Version="2.0" IssueInstant="2026-01-01T00:00:00Z"><saml:Issuer>https://idp.example.org</saml:Issuer><ds:Signature xmlns:ds="http://www.w3.org/2000/09/xmldsig#"><ds:SignedInfo><ds:CanonicalizationMethod Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#"/><ds:SignatureMethod Algorithm="http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"/><ds:Reference URI="#_r"><ds:Transforms><ds:Transform Algorithm="http://www.w3.org/2000/09/xmldsig#enveloped-signature"/><ds:Transform Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#"/></ds:Transforms><ds:DigestMethod Algorithm="http://www.w3.org/2001/04/xmlenc#sha256"/><ds:DigestValue/></ds:Reference></ds:SignedInfo><ds:SignatureValue/></ds:Signature><samlp:Status><samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Responder"/></samlp:Status></samlp:Response>"""


@pytest.fixture(scope="module")
def signed(tmp_path_factory):
    """A response signed by xmlsec1, with the key and the certificate."""
    folder = tmp_path_factory.mktemp("signed")
    key, certificate = make_key(folder)
    template, out = folder / "template.xml", folder / "signed.xml"
    template.write_text(RESPONSE)
    subprocess.run(
        ["xmlsec1", "--sign", "--privkey-pem", str(key), "--id-attr:ID",
         "urn:oasis:names:tc:SAML:2.0:protocol:Response", "--output", str(out), str(template)],
        check=True, capture_output=True,
    )
    return out.read_bytes(), key, pem_body(certificate)


def test_a_whole_response_passes(signed):
    xml, key, certificate = signed
    evidence.check_response(xml, [certificate], key)


@pytest.mark.parametrize("change, complaint", [
    ((b"status:Responder", b"status:Requester"), "xmlsec1 refuses"),
    ((b'Version="2.0"', b""), "Version"),
    ((b"<samlp:Status>", b"<samlp:Status/><samlp:Status>"), "Status"),
    ((b"<samlp:Response ", b"<!DOCTYPE x><samlp:Response "), "DOCTYPE"),
    ((b'URI="#_r"', b'URI=""'), "signs something else"),
])
def test_a_broken_response_is_refused(signed, change, complaint):
    xml, key, certificate = signed
    broken = xml.replace(*change)
    assert broken != xml
    with pytest.raises(AssertionError, match=complaint):
        evidence.check_response(broken, [certificate], key)


def test_another_certificate_is_refused(signed, tmp_path):
    xml, key, _ = signed
    _, other = make_key(tmp_path)
    with pytest.raises(AssertionError, match="xmlsec1 refuses"):
        evidence.check_response(xml, [pem_body(other)], key)
