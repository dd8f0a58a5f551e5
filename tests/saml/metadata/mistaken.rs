//! Documents that are no SP's metadata: what each is, is said.

use avouch_saml::metadata::{Fault, Mistaken, Reading, SpMetadata};

use super::{NAMESPACES, Sample, now, parse};
use crate::security::support::dev_certificate;

fn fault(document: &[u8]) -> Fault {
    match SpMetadata::parse(document, &Reading::at(now())) {
        Ok(_) => panic!("taken: {}", String::from_utf8_lossy(document)),
        Err(error) => error.fault,
    }
}

/// A name in another namespace, or in none, is told from another name.
#[test]
fn field_08_a_wrong_namespace_is_named() {
    let good = Sample::default().xml();
    for (broken, namespace) in [
        (
            good.replacen(
                "xmlns:md='urn:oasis:names:tc:SAML:2.0:metadata'",
                "xmlns:md='urn:x'",
                1,
            ),
            "urn:x",
        ),
        (good.replace("md:", ""), ""),
    ] {
        let error = parse(&broken).expect_err("refused");
        let Fault::Namespace {
            found,
            namespace: stands_in,
        } = &error.fault
        else {
            panic!("{error}");
        };
        assert_eq!(
            (found.as_str(), stands_in.as_str()),
            ("EntityDescriptor", namespace)
        );
        let said = error.to_string();
        assert!(
            said.contains("urn:oasis:names:tc:SAML:2.0:metadata"),
            "{said}"
        );
    }
    // The role alone.
    let role = good
        .replace("<md:SPSSODescriptor", "<SPSSODescriptor")
        .replace("</md:SPSSODescriptor", "</SPSSODescriptor");
    let error = parse(&role).expect_err("refused");
    assert!(
        error
            .to_string()
            .contains("SPSSODescriptor stands in no namespace"),
        "{error}"
    );
    assert!(parse(&good).is_ok());
}

#[test]
fn field_29_what_people_take_for_metadata_is_recognised() {
    let armoured = format!(
        "-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n",
        dev_certificate("sp-signing").base64()
    );
    let bare = dev_certificate("sp-signing").base64();
    let good = Sample::default().xml();
    let before = format!("metadata of the wiki:\n{good}");
    let indented = format!("\n <?xml version=\"1.0\"?>{good}");
    use Mistaken as M;
    for (document, is) in [
        ("", M::Empty),
        (" \n", M::Empty),
        ("<!DOCTYPE html><title>Sign in</title>", M::WebPage),
        ("\u{FEFF}\n<HTML lang=en><body>", M::WebPage),
        ("<html xmlns='http://www.w3.org/1999/xhtml'/>", M::WebPage),
        (&*armoured, M::Certificate),
        (&*bare, M::Certificate),
        ("-----BEGIN PRIVATE KEY-----\nx", M::PrivateKey),
        ("https://sp.example.org/metadata\n", M::Address),
        ("{\"issuer\": \"https://sp.example.org\"}", M::Json),
        ("PK\u{3}\u{4}...", M::Compressed),
        (&*before, M::TextBefore("metadata of the wiki:".to_owned())),
        (&*indented, M::TextBefore(" ".to_owned())),
    ] {
        assert_eq!(
            fault(document.as_bytes()),
            Fault::Mistaken(is),
            "{document}"
        );
    }
    // What looks like XML is told by what the reader stumbles over.
    for xml in ["<a", "<!DOCTYPE a><a/>", "<!-- x -->"] {
        assert!(matches!(fault(xml.as_bytes()), Fault::Xml(_)), "{xml}");
    }
    assert!(matches!(fault(b"something"), Fault::Xml(_)));
}

#[test]
fn the_metadata_of_an_identity_provider_is_told_as_such() {
    let idp = format!(
        "<md:EntityDescriptor {NAMESPACES} entityID='https://idp.example.org'>\
         <md:IDPSSODescriptor protocolSupportEnumeration='urn:oasis:names:tc:SAML:2.0:protocol'/>\
         </md:EntityDescriptor>"
    );
    let said = fault(idp.as_bytes()).to_string();
    assert!(
        said.contains("identity provider https://idp.example.org"),
        "{said}"
    );
    // Beside a service provider it is nothing to speak of.
    let both = format!(
        "<md:EntitiesDescriptor {NAMESPACES}>{idp}{}</md:EntitiesDescriptor>",
        Sample::default().xml()
    );
    assert!(parse(&both).is_ok());
}

/// Comments, armour and what tools print around it do not take the certificate away; a comment inside
/// would let two readers see two keys.
#[test]
fn field_22_a_certificate_is_read_among_what_stands_around_it() {
    use avouch_saml::metadata::entity::Untidy;
    let base64 = dev_certificate("sp-signing").base64();
    let read = |text: &str| {
        Sample {
            keys: format!(
                "<md:KeyDescriptor use='signing'><ds:KeyInfo><ds:X509Data><ds:X509Certificate>{text}\
                 </ds:X509Certificate></ds:X509Data></ds:KeyInfo></md:KeyDescriptor>"
            ),
            ..Sample::default()
        }
        .read()
    };
    let plain = read(&base64).expect("good");
    let armour = format!("-----BEGIN CERTIFICATE-----\n{base64}\n-----END CERTIFICATE-----");
    let bag = format!("Bag Attributes\n  friendlyName: sp\nsubject=CN = sp\n{armour}\n");
    for around in [&armour, &bag] {
        assert_eq!(read(around).expect("good").keys, plain.keys, "{around}");
    }
    for around in [
        format!("<!-- current -->{base64}"),
        format!("\n{base64}\n<!-- until 2030 -->\n"),
        format!("<!-- a --> {bag} <!-- b -->"),
    ] {
        let sp = read(&around).expect("good");
        assert_eq!(sp.keys, plain.keys, "{around}");
        let told =
            |w: &&avouch_saml::metadata::MetadataWarning| matches!(w.what, Untidy::Around(_));
        assert_eq!(
            sp.warnings.iter().filter(told).count(),
            1,
            "{:?}",
            sp.warnings
        );
    }
    let (head, tail) = base64.split_at(400);
    let split = read(&format!("{head}<!-- x -->{tail}")).expect_err("two readings");
    assert!(matches!(split.fault, Fault::Xml(_)), "{split}");
}
