//! The attacker's tools: really signed documents in pieces, and signatures of any shape.

use avouch_saml::ids::MessageId;
use avouch_saml::security::sign::{Signer, Unsigned};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use openssl::hash::{MessageDigest, hash};

use super::support::*;

pub(crate) const EXCLUSIVE: &str = "http://www.w3.org/2001/10/xml-exc-c14n#";
pub(crate) const ENVELOPED: &str = "http://www.w3.org/2000/09/xmldsig#enveloped-signature";
pub(crate) const SHA256: &str = "http://www.w3.org/2001/04/xmlenc#sha256";
pub(crate) const RSA_SHA256: &str = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256";

const SAMLP: &str = "urn:oasis:names:tc:SAML:2.0:protocol";

/// A document that the verifier is asked to believe, with the name xmlsec1 knows its root by.
pub(crate) struct Sample {
    pub(crate) what: &'static str,
    pub(crate) root: &'static str,
    pub(crate) xml: String,
}

/// One really signed document of each kind: two requests, metadata and a Response.
pub(crate) fn samples() -> Vec<Sample> {
    let signer = dev_signer("idp-rsa2048");
    let message = |what: &'static str, content: &str| {
        let issuer = "<saml:Issuer xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\">https://sp.example.org</saml:Issuer>";
        let xml = format!(
            "<samlp:{what} xmlns:samlp=\"{SAMLP}\" ID=\"{REQUEST_ID}\" Version=\"2.0\">{issuer}{content}</samlp:{what}>"
        );
        signed(canonical(&xml, "</saml:Issuer>"), &signer)
    };
    let subject = "<saml:NameID xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\">sample.one</saml:NameID>";
    let status = "<samlp:Status><samlp:StatusCode Value=\"urn:oasis:names:tc:SAML:2.0:status:Success\"></samlp:StatusCode></samlp:Status>";
    vec![
        Sample {
            what: "AuthnRequest",
            root: "urn:oasis:names:tc:SAML:2.0:protocol:AuthnRequest",
            xml: message("AuthnRequest", "<samlp:Extensions></samlp:Extensions>"),
        },
        Sample {
            what: "LogoutRequest",
            root: "urn:oasis:names:tc:SAML:2.0:protocol:LogoutRequest",
            xml: message(
                "LogoutRequest",
                &format!("<samlp:Extensions></samlp:Extensions>{subject}"),
            ),
        },
        Sample {
            what: "Response",
            root: "urn:oasis:names:tc:SAML:2.0:protocol:Response",
            xml: message(
                "Response",
                &format!("<samlp:Extensions></samlp:Extensions>{status}"),
            ),
        },
        Sample {
            what: "EntityDescriptor",
            root: "urn:oasis:names:tc:SAML:2.0:metadata:EntityDescriptor",
            xml: signed(entity_descriptor(), &signer),
        },
    ]
}

/// A canonical document whose signature goes right after the first `place`.
pub(crate) fn canonical(xml: &str, place: &str) -> Unsigned<Document> {
    let at = xml.find(place).unwrap() + place.len();
    let id = MessageId::parse(REQUEST_ID).unwrap();
    Unsigned::new(xml.as_bytes().to_vec(), at, id)
}

/// An AuthnRequest that holds `extensions`, in canonical form as long as they are.
pub(crate) fn request_with(extensions: &str) -> String {
    format!(
        "<samlp:AuthnRequest xmlns:samlp=\"{SAMLP}\" ID=\"{REQUEST_ID}\" Version=\"2.0\"><saml:Issuer xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\">https://sp.example.org</saml:Issuer><samlp:Extensions>{extensions}</samlp:Extensions></samlp:AuthnRequest>"
    )
}

/// [`request_with`], signed with the key that tests trust.
pub(crate) fn signed_request_with(extensions: &str) -> String {
    let unsigned = canonical(&request_with(extensions), "</saml:Issuer>");
    signed(unsigned, &dev_signer("idp-rsa2048"))
}

/// A signed document taken apart.
#[derive(Clone)]
pub(crate) struct Parts {
    /// The root's start tag.
    pub(crate) open: String,
    /// Issuer, or nothing in metadata.
    pub(crate) issuer: String,
    pub(crate) signature: String,
    pub(crate) body: String,
    /// The root's end tag.
    pub(crate) close: String,
}

impl Parts {
    pub(crate) fn of(xml: &str) -> Self {
        let open = xml.find('>').unwrap() + 1;
        let start = xml.find("<ds:Signature ").unwrap();
        let end = xml.rfind("</ds:Signature>").unwrap() + "</ds:Signature>".len();
        let close = xml.rfind("</").unwrap();
        Self {
            open: xml[..open].to_owned(),
            issuer: xml[open..start].to_owned(),
            signature: xml[start..end].to_owned(),
            body: xml[end..close].to_owned(),
            close: xml[close..].to_owned(),
        }
    }

    pub(crate) fn join(&self) -> String {
        let Self {
            open,
            issuer,
            signature,
            body,
            close,
        } = self;
        format!("{open}{issuer}{signature}{body}{close}")
    }

    /// The document without its signature: the octets that were digested.
    pub(crate) fn unsigned(&self) -> String {
        let Self {
            open,
            issuer,
            body,
            close,
            ..
        } = self;
        format!("{open}{issuer}{body}{close}")
    }

    /// The root's start tag with another ID.
    pub(crate) fn evil_open(&self) -> String {
        self.open.replace(REQUEST_ID, "_evil")
    }
}

/// The pieces of a SignedInfo, right unless a test changes one.
#[derive(Clone)]
pub(crate) struct Shape {
    pub(crate) canonicalization: String,
    pub(crate) method: String,
    pub(crate) method_content: String,
    pub(crate) reference_attributes: String,
    pub(crate) transforms: String,
    pub(crate) digest_method: String,
    pub(crate) digest: Vec<u8>,
}

pub(crate) fn transform(uri: &str) -> String {
    format!("<ds:Transform Algorithm=\"{uri}\"></ds:Transform>")
}

impl Shape {
    /// The right shape for a document whose canonical form is `xml`.
    pub(crate) fn of(xml: &str) -> Self {
        Self {
            canonicalization: format!(
                "<ds:CanonicalizationMethod Algorithm=\"{EXCLUSIVE}\"></ds:CanonicalizationMethod>"
            ),
            method: RSA_SHA256.to_owned(),
            method_content: String::new(),
            reference_attributes: format!(" URI=\"#{REQUEST_ID}\""),
            transforms: transform(ENVELOPED) + &transform(EXCLUSIVE),
            digest_method: SHA256.to_owned(),
            digest: hash(MessageDigest::sha256(), xml.as_bytes())
                .unwrap()
                .to_vec(),
        }
    }

    pub(crate) fn reference(&self) -> String {
        format!(
            "<ds:Reference{}><ds:Transforms>{}</ds:Transforms><ds:DigestMethod Algorithm=\"{}\"></ds:DigestMethod><ds:DigestValue>{}</ds:DigestValue></ds:Reference>",
            self.reference_attributes,
            self.transforms,
            self.digest_method,
            BASE64.encode(&self.digest)
        )
    }

    pub(crate) fn signed_info(&self) -> String {
        format!(
            "{}<ds:SignatureMethod Algorithm=\"{}\">{}</ds:SignatureMethod>{}",
            self.canonicalization,
            self.method,
            self.method_content,
            self.reference()
        )
    }

    /// The Signature, its value made by `sign` over the canonical SignedInfo.
    pub(crate) fn signature(&self, sign: impl Fn(&[u8]) -> Vec<u8>) -> String {
        signature_over(&self.signed_info(), "", sign)
    }

    /// `xml` with the Signature after the first Issuer, by the key that tests trust.
    pub(crate) fn sign(&self, xml: &str) -> String {
        let signature = self.signature(rsa2048);
        xml.replacen("</saml:Issuer>", &format!("</saml:Issuer>{signature}"), 1)
    }
}

/// A Signature around any SignedInfo content, followed by `rest`.
pub(crate) fn signature_over(
    signed_info: &str,
    rest: &str,
    sign: impl Fn(&[u8]) -> Vec<u8>,
) -> String {
    let ns = "xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\"";
    let canonical = format!("<ds:SignedInfo {ns}>{signed_info}</ds:SignedInfo>");
    let value = BASE64.encode(sign(canonical.as_bytes()));
    format!(
        "<ds:Signature {ns}><ds:SignedInfo>{signed_info}</ds:SignedInfo><ds:SignatureValue>{value}</ds:SignatureValue>{rest}</ds:Signature>"
    )
}

/// Signs with the key that tests trust.
pub(crate) fn rsa2048(octets: &[u8]) -> Vec<u8> {
    dev_signer("idp-rsa2048").sign(octets).unwrap()
}

/// A socket nobody may touch: asked afterwards whether somebody connected.
pub(crate) struct Tripwire(std::net::TcpListener);

impl Tripwire {
    pub(crate) fn new() -> Self {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        Self(listener)
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}/x", self.0.local_addr().unwrap())
    }

    pub(crate) fn untouched(&self) -> bool {
        self.0.accept().is_err()
    }
}
