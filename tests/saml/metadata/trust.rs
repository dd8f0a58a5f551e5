//! Metadata trusted because of its signature: what counts is what the signature covers.

use avouch_saml::ids::{EntityId, MessageId};
use avouch_saml::metadata::key_descriptor::{KeyUse, SpKey};
use avouch_saml::metadata::signed::SignedMetadataError;
use avouch_saml::metadata::{AcsEndpoint, Binding, Entity, MetadataTrust, SpMetadata};
use avouch_saml::security::algorithm::AlgorithmPolicy;
use avouch_saml::security::sign::{Unsigned, sign_enveloped};
use avouch_saml::security::verify::VerifyError;
use avouch_saml::xml::names::{self, MD, SAMLP};
use avouch_saml::xml::writer::{QName, Writer};

use super::{Sample, reading};
use crate::schema::assert_schema_valid;
use crate::security::support::{dev_certificate, dev_signer, keys};
use crate::work::Work;

const TRUSTED: &str = "idp-rsa2048";
const STRANGER: &str = "sp-signing";

fn trust() -> MetadataTrust {
    MetadataTrust {
        keys: keys(&[TRUSTED]),
        policy: AlgorithmPolicy::default(),
    }
}

fn sp(entity_id: &str, location: &str) -> SpMetadata {
    let acs = AcsEndpoint::register(Binding::HttpPost, location, Some(0), None).unwrap();
    SpMetadata::typed(EntityId::parse(entity_id).unwrap(), vec![acs])
}

fn good() -> SpMetadata {
    sp("https://sp.example.org/saml", "https://sp.example.org/acs")
}

fn evil() -> SpMetadata {
    sp(
        "https://sp.example.org/saml",
        "https://evil.example.net/acs",
    )
}

fn sign(sp: &SpMetadata, id: &str, signer: &str) -> String {
    let unsigned = sp.to_unsigned(MessageId::parse(id).unwrap()).unwrap();
    let signed = sign_enveloped(unsigned, &dev_signer(signer)).unwrap();
    String::from_utf8(signed.into_bytes()).unwrap()
}

fn signed() -> String {
    sign(&good(), "_good", TRUSTED)
}

fn read(document: &str) -> Result<SpMetadata, SignedMetadataError> {
    trust().parse_sp(document.as_bytes(), &reading())
}

#[track_caller]
fn refused(document: &str) -> VerifyError {
    match read(document) {
        Err(SignedMetadataError::Signature(error)) => error,
        other => panic!("{other:?}"),
    }
}

fn signature(document: &str) -> &str {
    let end = document.find("</ds:Signature>").unwrap() + "</ds:Signature>".len();
    &document[document.find("<ds:Signature ").unwrap()..end]
}

/// Proves AV-SEC-29, AV-SEC-27, IIP-MD03 for files: the key comes from out of band, never from
/// the document; unsigned, broken and foreign signatures are refused; without a key nothing is.
#[test]
fn av_sec_29_only_the_trusted_key_counts() {
    let document = signed();
    assert_schema_valid(document.as_bytes());
    let sp = read(&document).expect("signed by the trusted key");
    assert_eq!(sp.acs, good().acs);
    assert!(
        document.contains(&dev_certificate(TRUSTED).base64()),
        "KeyInfo names the key"
    );

    let forged = sign(&evil(), "_good", STRANGER);
    assert!(
        forged.contains(&dev_certificate(STRANGER).base64()),
        "and so does the forger's"
    );
    assert_eq!(refused(&forged), VerifyError::OtherKey);
    // The metadata's own keys vouch for nothing either.
    let mut own = evil();
    let stranger = dev_certificate(STRANGER);
    own.keys.push(SpKey {
        usage: KeyUse::Both,
        public_key: stranger.public_key().unwrap(),
        certificate: Some(stranger),
        encryption_methods: Vec::new(),
    });
    assert_eq!(
        refused(&sign(&own, "_good", STRANGER)),
        VerifyError::OtherKey
    );

    let unsigned = String::from_utf8(good().to_xml().unwrap()).unwrap();
    assert_eq!(refused(&unsigned), VerifyError::NotSigned);
    let broken = document.replace("sp.example.org/acs", "evil.example.net/a");
    assert_eq!(refused(&broken), VerifyError::Changed);
    let nobody = MetadataTrust {
        keys: Vec::new(),
        policy: AlgorithmPolicy::default(),
    };
    assert!(nobody.parse_sp(document.as_bytes(), &reading()).is_err());
}

/// Proves IIP-MD03: a source has its own keys; another source's key is nobody here. The signer's
/// certificate may be of any date, since only its key is held.
#[test]
fn iip_md03_sources_have_their_own_keys() {
    let other = MetadataTrust {
        keys: keys(&[STRANGER]),
        policy: AlgorithmPolicy::default(),
    };
    let document = signed();
    assert!(other.parse_sp(document.as_bytes(), &reading()).is_err());
    let theirs = sign(&good(), "_good", STRANGER);
    assert!(other.parse_sp(theirs.as_bytes(), &reading()).is_ok());
    let rollover = MetadataTrust {
        keys: keys(&[STRANGER, TRUSTED]),
        policy: AlgorithmPolicy::default(),
    };
    for document in [document, theirs] {
        assert!(rollover.parse_sp(document.as_bytes(), &reading()).is_ok());
    }
}

/// Proves SDP-MD02 for files: metadata is used only after its signature is verified, and the keys
/// in it change without a change of the key that vouches for it.
#[test]
fn sdp_md02_keys_inside_change_under_one_trusted_key() {
    let with_key = |name: &str| {
        let certificate = dev_certificate(name);
        let mut sp = good();
        sp.keys.push(SpKey {
            usage: KeyUse::Both,
            public_key: certificate.public_key().unwrap(),
            certificate: Some(certificate),
            encryption_methods: Vec::new(),
        });
        sp
    };
    for name in ["sp-signing", "sp-signing-p256"] {
        let sp = read(&sign(&with_key(name), "_good", TRUSTED)).expect("vouched for");
        let found: Vec<_> = sp.signing_keys().cloned().collect();
        assert_eq!(found, keys(&[name]));
    }
    let unsigned = String::from_utf8(with_key("sp-signing").to_xml().unwrap()).unwrap();
    assert_eq!(refused(&unsigned), VerifyError::NotSigned);
}

/// An Assertion about `subject` that says it belongs to a category.
fn assertion(id: &str, subject: &str, conditions: &str, signer: Option<&str>) -> String {
    const SAML: fn(&'static str) -> QName = |local| QName::new("saml", names::SAML, local);
    let mut w = Writer::with_capacity(1024);
    w.start(SAML("Assertion"))
        .attr("ID", id)
        .attr("Version", "2.0")
        .attr("IssueInstant", "2026-06-01T00:00:00Z")
        .leaf(SAML("Issuer"), "https://authority.example.org/");
    let insert_at = w.position();
    w.start(SAML("Subject"))
        .start(SAML("NameID"))
        .attr("Format", "urn:oasis:names:tc:SAML:2.0:nameid-format:entity")
        .text(subject)
        .end()
        .end();
    w.start(SAML("Conditions"));
    if !conditions.is_empty() {
        w.attr("NotOnOrAfter", conditions);
    }
    w.end();
    w.start(SAML("AttributeStatement"))
        .start(SAML("Attribute"))
        .attr("Name", "https://authority.example.org/category")
        .leaf(SAML("AttributeValue"), "trusted");
    w.end().end().end();
    let unsigned: Unsigned<()> = Unsigned::new(
        w.finish().unwrap(),
        insert_at,
        MessageId::parse(id).unwrap(),
    );
    let bytes = match signer {
        None => unsigned.as_bytes().to_vec(),
        Some(signer) => sign_enveloped(unsigned, &dev_signer(signer))
            .unwrap()
            .into_bytes(),
    };
    String::from_utf8(bytes).unwrap()
}

/// Proves AV-MDC-13: plain attributes are read; an Assertion counts only when a trusted key signed
/// it by itself and it is about this entity.
#[test]
fn av_mdc_13_asserted_entity_attributes() {
    const SP: &str = "https://sp.example.org/saml";
    let adopted = |content: &str| {
        let sample = Sample {
            entity_extensions: format!(
                "<mdattr:EntityAttributes><saml:Attribute Name='plain'><saml:AttributeValue>1\
                 </saml:AttributeValue></saml:Attribute>{content}</mdattr:EntityAttributes>"
            ),
            ..Sample::default()
        };
        let xml = format!("\u{FEFF}{}", sample.xml());
        let mut sp = SpMetadata::parse(xml.as_bytes(), &reading()).expect("read");
        assert_eq!(sp.entity_attributes.len(), 1, "reading alone trusts nobody");
        assert_eq!(sp.warnings.is_empty(), content.is_empty());
        let count = sp
            .adopt_asserted(xml.as_bytes(), &trust(), &reading())
            .unwrap();
        assert_eq!(sp.entity_attributes.len(), 1 + count);
        count
    };
    let good = assertion("_a", SP, "", Some(TRUSTED));
    assert_eq!(adopted(&good), 1);
    assert_eq!(
        adopted(&assertion("_a", SP, "2026-07-01T00:00:00Z", Some(TRUSTED))),
        1
    );
    assert_eq!(adopted(""), 0);
    for (what, content) in [
        ("unsigned", assertion("_a", SP, "", None)),
        (
            "signed by a stranger",
            assertion("_a", SP, "", Some(STRANGER)),
        ),
        ("changed", good.replace(">trusted<", ">admin<")),
        (
            "about another entity",
            assertion("_a", "https://other.example.org/", "", Some(TRUSTED)),
        ),
        (
            "expired",
            assertion("_a", SP, "2026-05-01T00:00:00Z", Some(TRUSTED)),
        ),
        (
            "wrapped",
            assertion("_b", SP, "", None)
                .replace("</saml:Assertion>", &format!("{good}</saml:Assertion>")),
        ),
    ] {
        assert_eq!(adopted(&content), 0, "{what}");
    }
    // A good one beside a bad one counts.
    let two = assertion("_b", SP, "", None) + &good;
    assert_eq!(adopted(&two), 1);
}

fn aggregate(inner: &[u8], id: &str, signer: Option<&str>) -> String {
    let mut w = Writer::with_capacity(4096);
    // Another prefix than the entities', so that what they declare stays canonical.
    w.start(QName::new("group", MD, "EntitiesDescriptor"))
        .attr("ID", id);
    let insert_at = w.position();
    w.raw(inner);
    w.end();
    let xml = w.finish().unwrap();
    let bytes = match signer {
        None => xml,
        Some(signer) => {
            let unsigned: Unsigned<()> =
                Unsigned::new(xml, insert_at, MessageId::parse(id).unwrap());
            sign_enveloped(unsigned, &dev_signer(signer))
                .unwrap()
                .into_bytes()
        }
    };
    String::from_utf8(bytes).unwrap()
}

/// Proves AV-MDC-02, AV-SEC-50, AV-SEC-15: the root's signature counts; a signature inside does
/// not replace it, and nothing outside the signed part is read.
#[test]
fn av_mdc_02_nested_signatures_do_not_replace_the_roots() {
    let inner = signed();
    let whole = aggregate(inner.as_bytes(), "_all", Some(TRUSTED));
    let mut names = Vec::new();
    trust()
        .for_each_entity(whole.as_bytes(), &reading(), |entity| {
            if let Entity::Sp(sp) = entity {
                names.push(sp.entity_id.to_string());
            }
        })
        .expect("the root is signed");
    assert_eq!(names, ["https://sp.example.org/saml"]);

    // Only the entity inside is signed: the aggregate around it is anybody's.
    assert_eq!(
        refused(&aggregate(inner.as_bytes(), "_all", None)),
        VerifyError::NotSigned
    );
    // An entity added beside the signed content breaks it.
    let child = String::from_utf8(
        sp("https://evil.example.net/", "https://evil.example.net/acs")
            .to_xml()
            .unwrap(),
    )
    .unwrap();
    let close = "</group:EntitiesDescriptor>";
    let injected = whole.replace(close, &format!("{child}{close}"));
    assert_eq!(refused(&injected), VerifyError::Changed);
    let role = whole.replace(
        "</md:EntityDescriptor>",
        "<md:SPSSODescriptor></md:SPSSODescriptor></md:EntityDescriptor>",
    );
    assert_eq!(refused(&role), VerifyError::Changed);
}

/// Proves AV-SEC-01, AV-SEC-02, AV-SEC-08 for metadata: a forged root around the signed one.
#[test]
fn av_sec_01_av_sec_02_signature_wrapping() {
    let document = signed();
    let signature = signature(&document).to_owned();
    let original = document.replace(&signature, "");
    let forged = String::from_utf8(evil().to_xml().unwrap()).unwrap();
    let (open, rest) = forged.split_at(forged.find('>').unwrap() + 1);
    let with_id = |id: &str| open.replace("entityID=", &format!("ID=\"{id}\" entityID="));
    let in_object = signature.replace(
        "</ds:Signature>",
        &format!("<ds:Object>{original}</ds:Object></ds:Signature>"),
    );
    let in_extensions = format!("<md:Extensions>{original}</md:Extensions>");
    for (what, document) in [
        (
            "original inside the Signature",
            format!("{}{in_object}{rest}", with_id("_evil")),
        ),
        (
            "same ID on both",
            format!("{}{in_object}{rest}", with_id("_good")),
        ),
        (
            "no ID on the forged root",
            format!("{open}{in_object}{rest}"),
        ),
        (
            "original before the Signature",
            format!("{}{original}{signature}{rest}", with_id("_evil")),
        ),
        (
            "original in Extensions",
            format!("{}{signature}{in_extensions}{rest}", with_id("_evil")),
        ),
        (
            "signed document whole inside",
            format!("{}{document}{rest}", with_id("_evil")),
        ),
        (
            "group around the signed one",
            format!(
                "<md:EntitiesDescriptor xmlns:md=\"{MD}\" ID=\"_evil\">{signature}{original}</md:EntitiesDescriptor>"
            ),
        ),
    ] {
        let read = read(&document);
        assert!(
            matches!(read, Err(SignedMetadataError::Signature(_))),
            "{what}"
        );
    }
    assert!(read(&document).is_ok());
}

/// Proves AV-SEC-10, AV-SEC-11, AV-SEC-13, AV-SEC-18, AV-SEC-19, AV-SEC-20, AV-SEC-25, AV-SEC-30,
/// AV-SEC-31 for metadata: a Signature of any other form is refused.
#[test]
fn av_sec_10_av_sec_13_av_sec_18_signatures_of_other_forms() {
    let document = signed();
    let between = |from: &str, to: &str| {
        let start = document.find(from).unwrap();
        let end = start + document[start..].find(to).unwrap() + to.len();
        document[start..end].to_owned()
    };
    let twice = |from: &str, to: &str| {
        let part = between(from, to);
        document.replace(&part, &part.repeat(2))
    };
    let exclusive = "http://www.w3.org/2001/10/xml-exc-c14n#";
    let enveloped = "http://www.w3.org/2000/09/xmldsig#enveloped-signature";
    let transform = |uri: &str, content: &str| {
        document.replace(
            &format!("<ds:Transform Algorithm=\"{enveloped}\"></ds:Transform>"),
            &format!("<ds:Transform Algorithm=\"{enveloped}\"></ds:Transform><ds:Transform Algorithm=\"{uri}\">{content}</ds:Transform>"),
        )
    };
    let value = between("<ds:DigestValue>", "</ds:DigestValue>");
    let split = |with: &str| document.replace(&value, &value.replacen('>', &format!(">{with}"), 1));
    let stylesheet = "<xsl:stylesheet xmlns:xsl='http://www.w3.org/1999/XSL/Transform' version='1.0'>\
        <xsl:template match='/'><xsl:value-of select='document(\"file:///etc/passwd\")'/></xsl:template></xsl:stylesheet>";
    let empty_digest = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=";
    let documents = [
        twice("<ds:SignedInfo>", "</ds:SignedInfo>"),
        twice("<ds:SignatureValue>", "</ds:SignatureValue>"),
        twice("<ds:Reference ", "</ds:Reference>"),
        twice("<ds:Signature ", "</ds:Signature>"),
        split("<!-- -->"),
        split("<![CDATA[]]>"),
        split("<x></x>"),
        document.replace("URI=\"#_good\"", "URI=\"\""),
        document.replace(" URI=\"#_good\"", ""),
        document.replace("URI=\"#_good\"", "URI=\"http://127.0.0.1:9/x\""),
        document.replace("URI=\"#_good\"", "URI=\"#xpointer(/)\""),
        document.replace("URI=\"#_good\"", "URI=\"#_other\""),
        transform(
            "http://www.w3.org/TR/1999/REC-xpath-19991116",
            "<ds:XPath>not(self::*)</ds:XPath>",
        ),
        transform("http://www.w3.org/2002/06/xmldsig-filter2", ""),
        transform("http://www.w3.org/TR/1999/REC-xslt-19991116", stylesheet),
        transform("http://www.w3.org/2000/09/xmldsig#base64", ""),
        transform("http://www.w3.org/2002/07/decrypt#XML", ""),
        transform("urn:example:unknown", ""),
        document.replace(exclusive, "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"),
        document.replace(
            exclusive,
            "http://www.w3.org/2001/10/xml-exc-c14n#WithComments",
        ),
        document.replace(exclusive, "http://www.w3.org/2006/12/xml-c14n11"),
        document.replace("xmldsig-more#rsa-sha256", "xmldsig-more#hmac-sha256"),
        document.replace(
            "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256",
            "http://www.w3.org/2000/09/xmldsig#hmac-sha1",
        ),
        document.replace(
            "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256",
            "http://www.w3.org/2000/09/xmldsig#rsa-sha1",
        ),
        document.replace(
            "http://www.w3.org/2001/04/xmlenc#sha256",
            "http://www.w3.org/2000/09/xmldsig#sha1",
        ),
        document.replace(
            &value,
            &format!("<ds:DigestValue>{empty_digest}</ds:DigestValue>"),
        ),
        document.replace("</ds:KeyInfo>", "</ds:KeyInfo><ds:Object></ds:Object>"),
    ];
    for (n, changed) in documents.iter().enumerate() {
        assert_ne!(*changed, document, "case {n} changes something");
        let work = Work::begin();
        refused(changed);
        assert!(work.spent().as_millis() < 500, "case {n}");
    }
    assert!(read(&document).is_ok());
}

/// Proves AV-SEC-16, AV-SEC-22 for metadata: what is read are the verified octets, not the file.
#[test]
fn av_sec_16_only_verified_octets_are_read() {
    let document = signed();
    let verified = trust().verify(document.as_bytes(), &reading()).unwrap();
    let covered = std::str::from_utf8(verified.as_bytes()).unwrap();
    assert!(!covered.contains("Signature"));
    assert_eq!(covered, document.replace(signature(&document), ""));
    // What canonicalization drops is not read: the signature does not cover comments.
    let commented = document.replace("<md:SPSSODescriptor", "<!-- outside --><md:SPSSODescriptor");
    assert_eq!(read(&commented).unwrap(), read(&document).unwrap());
    assert!(covered.contains(SAMLP));
}
