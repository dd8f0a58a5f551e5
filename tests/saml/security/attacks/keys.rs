//! Keys that are not the sender's, missing, or offered by the message itself.

use avouch_saml::ids::EntityId;
use avouch_saml::security::algorithm::{AlgorithmPolicy, SignatureAlgorithm};
use avouch_saml::security::sign::{Signer as _, sign_octets};
use avouch_saml::security::verify::{
    Authenticity, QuerySignature, Received, Trust, Unverified, VerifyError, verify_enveloped,
    verify_octets,
};
use avouch_saml::xml::limits::Limits;
use avouch_saml::xml::names::{SAML, SAMLP};
use avouch_saml::xml::reader::{Element, XmlError};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use openssl::rsa::Rsa;

use crate::security::forge::*;
use crate::security::support::*;

/// A message that keeps the element it was read from.
struct Seen {
    root: Element,
    issuer: Option<EntityId>,
}

impl Received for Seen {
    fn from_element(root: &Element) -> Result<Self, XmlError> {
        let issuer = root.only(SAML, "Issuer")?.map(Element::text).transpose()?;
        Ok(Self {
            root: root.clone(),
            issuer: issuer.and_then(|text| EntityId::parse(text).ok()),
        })
    }

    fn issuer(&self) -> Option<&EntityId> {
        self.issuer.as_ref()
    }
}

fn trust(names: &[&str], require_signature: bool) -> Trust {
    Trust {
        keys: keys(names),
        policy: AlgorithmPolicy::default(),
        require_signature,
    }
}

fn posted(xml: &str, trust: &Trust) -> Result<(Seen, Authenticity), VerifyError> {
    let unverified = Unverified::<Seen>::from_document(xml.as_bytes().to_vec(), &Limits::MESSAGE)?;
    let verified = unverified.verify(trust)?;
    let authenticity = verified.authenticity();
    Ok((verified.into_message(), authenticity))
}

/// Proves AV-SEC-26: without a signature a message is refused where one is required, and is never
/// called signed where none is.
#[test]
fn av_sec_26_a_stripped_signature_is_missed() {
    let request = signed_request_with("");
    let stripped = Parts::of(&request).unsigned();
    let elsewhere = request_with(&Parts::of(&request).signature);
    let (required, optional) = (
        trust(&["idp-rsa2048"], true),
        trust(&["idp-rsa2048"], false),
    );
    for unsigned in [&stripped, &elsewhere] {
        assert_eq!(
            posted(unsigned, &required).err(),
            Some(VerifyError::NotSigned)
        );
        assert_eq!(
            posted(unsigned, &optional).unwrap().1,
            Authenticity::Unsigned
        );
    }
    for trust in [&required, &optional] {
        assert!(matches!(
            posted(&request, trust).unwrap().1,
            Authenticity::Signed(_)
        ));
        // A signature that is there must hold, even where none is needed.
        let changed = request.replace("Version=\"2.0\"", "Version=\"2.1\"");
        assert_eq!(posted(&changed, trust).err(), Some(VerifyError::Changed));
    }
}

/// Proves AV-SEC-27: no key, no trust.
#[test]
fn av_sec_27_no_key_verifies_nothing() {
    let request = signed_request_with("");
    for required in [true, false] {
        let nobody = trust(&[], required);
        assert_eq!(posted(&request, &nobody).err(), Some(VerifyError::NoKey));
        let other_family = trust(&["idp-p256"], required);
        assert_eq!(
            posted(&request, &other_family).err(),
            Some(VerifyError::NoKey)
        );
        assert!(posted(&request, &trust(&["idp-rsa2048"], required)).is_ok());
    }
    let stripped = Parts::of(&request).unsigned();
    assert_eq!(
        posted(&stripped, &trust(&[], true)).err(),
        Some(VerifyError::NotSigned)
    );
    let value = sign_octets(b"query", &dev_signer("idp-rsa2048")).unwrap();
    let by = verify_octets(
        b"query",
        RSA_SHA256,
        &value,
        &[],
        &AlgorithmPolicy::default(),
    );
    assert_eq!(by, Err(VerifyError::NoKey));
}

/// Proves AV-BND-05: a signature in the document never counts for a message from a query.
#[test]
fn av_bnd_05_an_inner_signature_is_none_by_redirect() {
    let request = signed_request_with("").into_bytes();
    let query = |signature: Option<QuerySignature>, required: bool| {
        let unverified =
            Unverified::<Seen>::from_query(request.clone(), signature, &Limits::MESSAGE);
        let verified = unverified
            .unwrap()
            .verify(&trust(&["idp-rsa2048"], required));
        verified.map(|message| message.authenticity())
    };
    assert_eq!(query(None, true), Err(VerifyError::NotSigned));
    assert_eq!(query(None, false), Ok(Authenticity::Unsigned));
    let signed = b"SAMLRequest=x&SigAlg=y".to_vec();
    let mut signature = QuerySignature {
        value: rsa2048(&signed),
        algorithm_uri: RSA_SHA256.to_owned(),
        signed,
    };
    assert!(matches!(
        query(Some(signature.clone()), true),
        Ok(Authenticity::Signed(_))
    ));
    signature.signed.push(b'z');
    assert_eq!(query(Some(signature), false), Err(VerifyError::OtherKey));
}

/// Proves AV-SEC-16: what is read comes from the octets that were digested, and from nothing else.
#[test]
fn av_sec_16_only_covered_octets_are_read() {
    let request = signed_request_with("<x:P xmlns:x=\"urn:x\">text</x:P>");
    let note = "<ds:KeyName>https://evil.example.org</ds:KeyName>";
    let request = request.replace("<ds:KeyInfo>", &format!("<ds:KeyInfo>{note}"));
    let request = request.replace(
        "<x:P xmlns:x=\"urn:x\">",
        "<x:P xmlns:evil='urn:evil' xmlns:x='urn:x'><!--evil-->",
    );
    let request = format!("<!-- evil -->{request}<!-- evil -->");
    let verified = verify(&request, "idp-rsa2048").unwrap();
    assert_eq!(
        verified.as_bytes(),
        request_with("<x:P xmlns:x=\"urn:x\">text</x:P>").as_bytes()
    );
    let (seen, authenticity) = posted(&request, &trust(&["idp-rsa2048"], true)).unwrap();
    assert!(
        matches!(authenticity, Authenticity::Signed(by) if by.algorithm == SignatureAlgorithm::RsaSha256)
    );
    let children: Vec<&str> = seen.root.elements().map(|child| &*child.local).collect();
    assert_eq!(children, ["Issuer", "Extensions"]);
    let part = seen
        .root
        .first(SAMLP, "Extensions")
        .unwrap()
        .first("urn:x", "P")
        .unwrap();
    assert_eq!(part.text().unwrap(), "text");
    assert!(!format!("{:?}", seen.root).contains("evil"));
}

/// Proves AV-SEC-29: a key in the message is nobody's key. The twin's KeyInfo is nonsense, and its
/// signature holds.
#[test]
fn av_sec_29_key_info_is_never_believed() {
    let wire = Tripwire::new();
    let request = request_with("");
    let attacker = dev_certificate("sp-signing");
    let rsa =
        Rsa::private_key_from_pem(&std::fs::read(dev_path("sp-signing.key.pem")).unwrap()).unwrap();
    let url = wire.url();
    let infos = [
        format!(
            "<ds:X509Data><ds:X509Certificate>{}</ds:X509Certificate></ds:X509Data>",
            attacker.base64()
        ),
        format!(
            "<ds:KeyValue><ds:RSAKeyValue><ds:Modulus>{}</ds:Modulus><ds:Exponent>{}</ds:Exponent></ds:RSAKeyValue></ds:KeyValue>",
            BASE64.encode(rsa.n().to_vec()),
            BASE64.encode(rsa.e().to_vec())
        ),
        format!(
            "<ds:RetrievalMethod URI=\"{url}\" Type=\"http://www.w3.org/2000/09/xmldsig#X509Data\"></ds:RetrievalMethod>"
        ),
        format!(
            "<ds:RetrievalMethod URI=\"{url}\" Type=\"http://www.w3.org/2000/09/xmldsig#rawX509Certificate\"></ds:RetrievalMethod>"
        ),
        "<ds:KeyName>idp-rsa2048</ds:KeyName>".to_owned(),
        // A loop: AV-SEC-44.
        format!("<ds:RetrievalMethod URI=\"#{REQUEST_ID}\"></ds:RetrievalMethod>"),
    ];
    for info in infos {
        let with = |sign: &dyn Fn(&[u8]) -> Vec<u8>| {
            let key_info = format!("<ds:KeyInfo>{info}</ds:KeyInfo>");
            let signature = signature_over(&Shape::of(&request).signed_info(), &key_info, sign);
            request.replacen("</saml:Issuer>", &format!("</saml:Issuer>{signature}"), 1)
        };
        let theirs = with(&|octets| dev_signer("sp-signing").sign(octets).unwrap());
        assert_eq!(
            verify(&theirs, "idp-rsa2048"),
            Err(VerifyError::OtherKey),
            "{info}"
        );
        verify(&with(&rsa2048), "idp-rsa2048").unwrap();
    }
    assert!(wire.untouched());
}

/// Proves AV-SEC-33: keys of another entity, another role or another use.
#[test]
fn av_sec_33_keys_of_others_are_refused() {
    let policy = AlgorithmPolicy::default();
    let sp = keys(&["sp-signing"]);
    for (key, accepted) in [
        ("sp-signing", true),
        ("sp-encryption", false),
        ("idp-rsa2048", false),
        ("idp-rsa3072", false),
        ("sp-signing-p256", false),
        ("idp-p256", false),
    ] {
        let signer = dev_signer(key);
        let request = signed(authn_request("https://sp.example.org", "x"), &signer);
        let verified = verify_enveloped(request.as_bytes(), &sp, &policy, &Limits::MESSAGE);
        assert_eq!(verified.is_ok(), accepted, "{key}");
        let value = sign_octets(b"query", &signer).unwrap();
        let by = verify_octets(b"query", signer.algorithm().uri(), &value, &sp, &policy);
        assert_eq!(by.is_ok(), accepted, "{key}");
    }
}

/// A message that names an issuer of its own making, as a reader with a bug would.
struct Impostor(EntityId);

impl Received for Impostor {
    fn from_element(_: &Element) -> Result<Self, XmlError> {
        Ok(Self(EntityId::parse("https://other.example.org").unwrap()))
    }

    fn issuer(&self) -> Option<&EntityId> {
        Some(&self.0)
    }
}

/// The issuer that the keys were chosen for is the issuer that is read, or nothing is.
#[test]
fn issuer_is_the_one_claimed() {
    let request = signed_request_with("").into_bytes();
    let trust = trust(&["idp-rsa2048"], true);
    let unverified = Unverified::<Seen>::from_document(request.clone(), &Limits::MESSAGE).unwrap();
    assert_eq!(
        unverified.claimed_issuer().as_str(),
        "https://sp.example.org"
    );
    assert!(unverified.has_signature());
    let message = unverified.verify(&trust).unwrap();
    assert_eq!(
        message.issuer().map(EntityId::as_str),
        Some("https://sp.example.org")
    );
    let impostor = Unverified::<Impostor>::from_document(request, &Limits::MESSAGE).unwrap();
    assert_eq!(impostor.verify(&trust).err(), Some(VerifyError::Issuer));
}
