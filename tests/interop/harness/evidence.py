"""Second opinions on what Avouch sends: the OASIS schemas by libxml2, signatures by xmlsec1."""

import base64
import functools
import subprocess
import tempfile
from pathlib import Path

import lxml.etree
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.serialization import load_pem_private_key

SCHEMAS = Path("/usr/share/xml/opensaml")
XML_SCHEMAS = Path("/usr/share/xml/xmltooling")

SAMLP = "{urn:oasis:names:tc:SAML:2.0:protocol}"
SAML = "{urn:oasis:names:tc:SAML:2.0:assertion}"
MD = "{urn:oasis:names:tc:SAML:2.0:metadata}"
DS = "{http://www.w3.org/2000/09/xmldsig#}"
XENC = "{http://www.w3.org/2001/04/xmlenc#}"
XENC11 = "{http://www.w3.org/2009/xmlenc11#}"

# Where the schemas import each other from, and Debian's copy of it.
IMPORTED = {
    "xmldsig-core-schema.xsd": XML_SCHEMAS / "xmldsig-core-schema.xsd",
    "xenc-schema.xsd": XML_SCHEMAS / "xenc-schema.xsd",
    "xml.xsd": XML_SCHEMAS / "xml.xsd",
    "XMLSchema.dtd": None,
}


class DebianCopies(lxml.etree.Resolver):
    """Answers an import of a schema on the web with Debian's copy, and never with the web."""

    def resolve(self, system_url, public_id, context):
        name = (system_url or "").rsplit("/", 1)[-1]
        if name in IMPORTED and IMPORTED[name] is None:
            return self.resolve_empty(context)
        for folder in (SCHEMAS, XML_SCHEMAS):
            if (folder / name).exists():
                return self.resolve_filename(str(folder / name), context)
        raise LookupError(f"no copy of {system_url}")


def read(xml: bytes) -> lxml.etree._Element:
    """Parses a message the way a careful receiver would: no entities, no network, no DOCTYPE."""
    assert b"<!DOCTYPE" not in xml, "a message must not have a DOCTYPE"
    parser = lxml.etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
    return lxml.etree.fromstring(xml, parser)


@functools.cache
def schema(which: str) -> lxml.etree.XMLSchema:
    """The OASIS schema of `protocol`, `assertion` or `metadata` messages, and what these import."""
    # libxml2 loads one document for each namespace, so all are named here before any is needed.
    locations = {
        "http://www.w3.org/XML/1998/namespace": XML_SCHEMAS / "xml.xsd",
        "http://www.w3.org/2000/09/xmldsig#": XML_SCHEMAS / "xmldsig-core-schema.xsd",
        "http://www.w3.org/2001/04/xmlenc#": XML_SCHEMAS / "xenc-schema.xsd",
        "http://www.w3.org/2009/xmldsig11#": XML_SCHEMAS / "xmldsig11-schema.xsd",
        "http://www.w3.org/2009/xmlenc11#": XML_SCHEMAS / "xenc11-schema.xsd",
        "urn:oasis:names:tc:SAML:2.0:assertion": SCHEMAS / "saml-schema-assertion-2.0.xsd",
    }
    if which == "protocol":
        locations["urn:oasis:names:tc:SAML:2.0:protocol"] = SCHEMAS / "saml-schema-protocol-2.0.xsd"
    if which == "metadata":
        locations["urn:oasis:names:tc:SAML:2.0:metadata"] = SCHEMAS / "saml-schema-metadata-2.0.xsd"
        locations["urn:oasis:names:tc:SAML:metadata:ui"] = SCHEMAS / "sstc-saml-metadata-ui-v1.0.xsd"
        locations["urn:oasis:names:tc:SAML:metadata:algsupport"] = (
            SCHEMAS / "sstc-saml-metadata-algsupport-v1.0.xsd"
        )
    imports = "".join(
        f'<xs:import namespace="{namespace}" schemaLocation="file://{path}"/>'
        for namespace, path in locations.items()
    )
    parser = lxml.etree.XMLParser(no_network=True)
    parser.resolvers.add(DebianCopies())
    source = f'<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema">{imports}</xs:schema>'
    return lxml.etree.XMLSchema(lxml.etree.fromstring(source.encode(), parser))


def assert_valid(element: lxml.etree._Element, which: str) -> None:
    """Fails when the element does not follow the OASIS schema."""
    checked = schema(which)
    # A copy, so that an element is judged as a document of its own.
    document = lxml.etree.fromstring(lxml.etree.tostring(element))
    assert checked.validate(document), f"{checked.error_log}\n{lxml.etree.tostring(element).decode()}"


def assert_signed(xml: bytes, element: lxml.etree._Element, certificates: list[str]) -> None:
    """Fails unless the element carries its own signature and xmlsec1 accepts it with one of the
    identity provider's certificates."""
    signature = element.find(f"{DS}Signature")
    assert signature is not None, f"{element.tag} has no signature of its own"
    references = signature.findall(f"{DS}SignedInfo/{DS}Reference")
    assert [r.get("URI") for r in references] == ["#" + element.get("ID")], "signs something else"
    local = lxml.etree.QName(element)
    with tempfile.TemporaryDirectory() as folder:
        message = Path(folder, "message.xml")
        message.write_bytes(xml)
        outcomes = []
        for index, certificate in enumerate(certificates):
            pem = Path(folder, f"{index}.pem")
            pem.write_text(as_pem(certificate))
            ran = subprocess.run(
                ["xmlsec1", "--verify", "--pubkey-cert-pem", str(pem), "--enabled-key-data", "rsa,ec,x509",
                 "--id-attr:ID", f"{local.namespace}:{local.localname}",
                 "--node-xpath", f"//*[@ID='{element.get('ID')}']/*[local-name()='Signature']",
                 str(message)],
                capture_output=True, text=True,
            )
            if ran.returncode == 0:
                return
            outcomes.append(ran.stderr)
    raise AssertionError("xmlsec1 refuses the signature:\n" + "\n".join(outcomes))


def decrypt_assertion(response: lxml.etree._Element, key: Path) -> bytes:
    """The plaintext of the response's one EncryptedAssertion, by the `cryptography` package."""
    (encrypted,) = response.findall(f"{SAML}EncryptedAssertion")
    data = encrypted.find(f"{XENC}EncryptedData")
    algorithm = data.find(f"{XENC}EncryptionMethod").get("Algorithm")
    assert algorithm in (
        "http://www.w3.org/2009/xmlenc11#aes128-gcm",
        "http://www.w3.org/2009/xmlenc11#aes256-gcm",
    ), algorithm
    wrapped = next(encrypted.iter(f"{XENC}EncryptedKey"))
    method = wrapped.find(f"{XENC}EncryptionMethod")
    assert method.get("Algorithm") in (
        "http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p",
        "http://www.w3.org/2009/xmlenc11#rsa-oaep",
    ), method.get("Algorithm")
    digest = hash_of(method.find(f"{DS}DigestMethod"))
    mask = hash_of(method.find(f"{XENC11}MGF"))
    private = load_pem_private_key(key.read_bytes(), None)
    content_key = private.decrypt(
        cipher_value(wrapped),
        padding.OAEP(mgf=padding.MGF1(mask), algorithm=digest, label=None),
    )
    sealed = cipher_value(data)
    return AESGCM(content_key).decrypt(sealed[:12], sealed[12:], None)


def hash_of(element) -> hashes.HashAlgorithm:
    """The hash an algorithm element names; SHA-1 when it is absent, as XML Encryption says."""
    name = element.get("Algorithm") if element is not None else "sha1"
    return hashes.SHA256() if name.endswith("sha256") else hashes.SHA1()


def cipher_value(element) -> bytes:
    """The octets of an encrypted element."""
    return base64.b64decode(element.find(f"{XENC}CipherData/{XENC}CipherValue").text)


def as_pem(certificate: str) -> str:
    """A certificate from metadata as a PEM file."""
    body = "".join(certificate.split())
    lines = "\n".join(body[i : i + 64] for i in range(0, len(body), 64))
    return f"-----BEGIN CERTIFICATE-----\n{lines}\n-----END CERTIFICATE-----\n"


def signing_certificates(metadata: bytes) -> list[str]:
    """The certificates that an identity provider's metadata gives for signing."""
    role = read(metadata).find(f"{MD}IDPSSODescriptor")
    return [
        certificate.text
        for descriptor in role.findall(f"{MD}KeyDescriptor")
        if descriptor.get("use") != "encryption"
        for certificate in descriptor.iter(f"{DS}X509Certificate")
    ]


def naming_cipher(metadata: str, cipher: str) -> str:
    """A service provider's metadata whose encryption keys name this block cipher alone."""
    root = read(metadata.encode())
    for descriptor in root.iter(f"{MD}KeyDescriptor"):
        if descriptor.get("use") != "signing":
            for method in descriptor.findall(f"{MD}EncryptionMethod"):
                descriptor.remove(method)
            lxml.etree.SubElement(descriptor, f"{MD}EncryptionMethod", Algorithm=cipher)
    return lxml.etree.tostring(root).decode()


def statuses(response: lxml.etree._Element) -> list[str]:
    """The status codes of a response, outermost first."""
    return [code.get("Value") for code in response.find(f"{SAMLP}Status").iter(f"{SAMLP}StatusCode")]


def check_response(
    xml: bytes, certificates: list[str], key: Path | None, signed: tuple[str, ...] = ("response", "assertion")
) -> lxml.etree._Element:
    """Everything that must hold for any response that leaves Avouch. Returns it.

    `key` decrypts an encrypted assertion; without it the response must have none. `signed` says
    what has a signature; nothing else may have one.
    """

    def assert_signed_as_said(what: str, octets: bytes, element: lxml.etree._Element) -> None:
        if what in signed:
            assert_signed(octets, element, certificates)
        else:
            assert element.find(f"{DS}Signature") is None, f"the {what} has a signature"

    response = read(xml)
    assert response.tag == f"{SAMLP}Response"
    assert_valid(response, "protocol")
    assert_signed_as_said("response", xml, response)
    ids = [element.get("ID") for element in response.iter() if element.get("ID")]
    assert len(ids) == len(set(ids)), "an ID is used twice"
    assertions = response.findall(f"{SAML}Assertion")
    if response.find(f"{SAML}EncryptedAssertion") is not None:
        assert not assertions, "an assertion in the clear beside an encrypted one"
        assert key, "an encrypted assertion, and no key to read it"
        plain = decrypt_assertion(response, key)
        assertion = read(plain)
        assert_valid(assertion, "assertion")
        assert_signed_as_said("assertion", plain, assertion)
        response.set("decrypted", plain.decode())
    for assertion in assertions:
        assert_signed_as_said("assertion", xml, assertion)
    succeeded = statuses(response)[0] == "urn:oasis:names:tc:SAML:2.0:status:Success"
    has_assertion = bool(assertions) or "decrypted" in response.attrib
    assert succeeded == has_assertion, "an assertion goes with Success, and only with it"
    return response
