//! Documents that two readers could read differently.

use avouch_saml::ids::EntityId;
use avouch_saml::security::verify::{Received, Unverified, VerifyError};
use avouch_saml::xml::limits::Limits;
use avouch_saml::xml::names::DS;
use avouch_saml::xml::reader::{self, Element, Node, XmlError, XmlErrorKind};
use proptest::prelude::*;

use crate::security::forge::*;
use crate::security::support::*;

fn refused_by_reader(xml: &str) -> bool {
    matches!(verify(xml, "idp-rsa2048"), Err(VerifyError::Xml(_)))
}

/// Proves AV-SEC-17: one root and nothing after it.
#[test]
fn av_sec_17_nothing_stands_beside_the_root() {
    for sample in samples() {
        let xml = &sample.xml;
        for forged in [
            format!("{xml}{xml}"),
            format!("{xml}<evil/>"),
            format!("<evil/>{xml}"),
            format!("{xml}text"),
            format!("text{xml}"),
            format!("{xml}<?evil?>"),
            format!("<?evil?>{xml}"),
            format!("{xml}&amp;"),
            format!("{xml}<![CDATA[]]>"),
            format!("{xml}\0"),
            format!("{xml}\0<evil/>"),
            xml[..xml.len() - 1].to_owned(),
        ] {
            assert!(
                refused_by_reader(&forged),
                "{}",
                &forged[forged.len() - 20..]
            );
        }
        for same in [format!("\n{xml}\n"), format!("<!-- c -->{xml}<!-- c -->")] {
            verify(&same, "idp-rsa2048").unwrap();
        }
    }
}

struct Issuer;

impl Received for Issuer {
    fn from_element(_: &Element) -> Result<Self, XmlError> {
        Ok(Self)
    }

    fn issuer(&self) -> Option<&EntityId> {
        None
    }
}

/// Proves AV-SEC-21: canonicalisation drops comments, so the signature holds over the whole text;
/// what is read is the whole text or nothing.
#[test]
fn av_sec_21_text_split_by_a_comment_is_whole_or_refused() {
    let whole = "https://sp.example.org.evil.example";
    let request = signed(authn_request(whole, "x"), &dev_signer("idp-rsa2048"));
    for split in [
        "https://sp.example.org<!-- -->.evil.example",
        "<!-- -->https://sp.example.org.evil.example",
        "https://sp.example.org.evil<!-- -->.example",
    ] {
        let forged = request.replace(whole, split);
        let covered = verify(&forged, "idp-rsa2048").unwrap();
        let covered = std::str::from_utf8(covered.as_bytes()).unwrap();
        assert!(covered.contains(&format!(">{whole}<")));
        let received = Unverified::<Issuer>::from_document(forged.into_bytes(), &Limits::MESSAGE);
        assert!(matches!(
            received.err(),
            Some(VerifyError::Xml(XmlError {
                kind: XmlErrorKind::NotText(_),
                ..
            }))
        ));
    }
    let instruction = request.replace(whole, "https://sp.example.org<?x?>.evil.example");
    assert_eq!(
        verify(&instruction, "idp-rsa2048"),
        Err(VerifyError::Changed)
    );
    let cdata = request.replace(whole, "https://sp.example.org<![CDATA[.evil]]>.example");
    let received =
        Unverified::<Issuer>::from_document(cdata.into_bytes(), &Limits::MESSAGE).unwrap();
    assert_eq!(received.claimed_issuer().as_str(), whole);
}

/// Proves AV-SEC-23: names count with their namespace; declarations against the rules are refused.
#[test]
fn av_sec_23_namespace_tricks_are_refused() {
    let request = signed_request_with("");
    verify(&request, "idp-rsa2048").unwrap();
    // Written with other prefixes, it is the same document to a reader and another to a digest.
    let renamed = request
        .replace("samlp:", "p:")
        .replace("xmlns:samlp", "xmlns:p");
    assert_eq!(verify(&renamed, "idp-rsa2048"), Err(VerifyError::Changed));
    for (from, to) in [
        (
            "<samlp:Extensions>",
            "<samlp:Extensions xmlns:xml=\"urn:x\">",
        ),
        (
            "<samlp:Extensions>",
            "<samlp:Extensions xmlns:xmlns=\"urn:x\">",
        ),
        (
            "<samlp:Extensions>",
            "<samlp:Extensions xmlns:y=\"http://www.w3.org/2000/xmlns/\">",
        ),
        (
            "<samlp:Extensions>",
            "<samlp:Extensions xmlns:y=\"http://www.w3.org/XML/1998/namespace\">",
        ),
        ("<samlp:Extensions>", "<samlp:Extensions xmlns:y=\"\">"),
        ("<samlp:Extensions>", "<samlp:Extensions><y:Z></y:Z>"),
        ("<samlp:Extensions>", "<samlp:Extensions y:z=\"\">"),
        (
            "<samlp:Extensions>",
            "<samlp:Extensions xmlns:y=\"urn:y\" xmlns:z=\"urn:y\" y:a=\"\" z:a=\"\">",
        ),
        (" xmlns:samlp=\"urn:oasis:names:tc:SAML:2.0:protocol\"", ""),
        (" xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\"", ""),
    ] {
        let forged = request.replace(from, to);
        assert_ne!(forged, request);
        assert!(refused_by_reader(&forged), "{to}");
    }
    // A Signature or an Issuer of another namespace is none.
    let twin = request.replace(
        "http://www.w3.org/2000/09/xmldsig#\"><ds:SignedInfo>",
        "urn:x\"><ds:SignedInfo>",
    );
    assert_eq!(verify(&twin, "idp-rsa2048"), Err(VerifyError::NotSigned));
    let twin = request.replace("urn:oasis:names:tc:SAML:2.0:assertion", "urn:x");
    assert!(matches!(
        verify(&twin, "idp-rsa2048"),
        Err(VerifyError::Shape(_))
    ));
    let rebound = request.replace("<ds:SignedInfo>", "<ds:SignedInfo xmlns:ds=\"urn:x\">");
    assert!(matches!(
        verify(&rebound, "idp-rsa2048"),
        Err(VerifyError::Shape(_))
    ));
}

/// Proves AV-SEC-24: UTF-8 and nothing else.
#[test]
fn av_sec_24_only_utf8() {
    let request = signed_request_with("<x:P xmlns:x=\"urn:x\">é</x:P>");
    let policy = Default::default();
    let keys = keys(&["idp-rsa2048"]);
    let check = |octets: &[u8]| {
        avouch_saml::security::verify::verify_enveloped(octets, &keys, &policy, &Limits::MESSAGE)
    };
    check(request.as_bytes()).unwrap();
    check(format!("\u{FEFF}<?xml version=\"1.0\" encoding=\"utf-8\"?>{request}").as_bytes())
        .unwrap();
    for encoding in ["UTF-16", "UTF-7", "ISO-8859-1", "UTF-32", "EBCDIC", "x", ""] {
        let declared = format!("<?xml version=\"1.0\" encoding=\"{encoding}\"?>{request}");
        assert!(check(declared.as_bytes()).is_err(), "{encoding}");
    }
    let wide = |bytes: fn(u16) -> [u8; 2]| -> Vec<u8> {
        format!("\u{FEFF}{request}")
            .encode_utf16()
            .flat_map(bytes)
            .collect()
    };
    assert!(check(&wide(u16::to_le_bytes)).is_err());
    assert!(check(&wide(u16::to_be_bytes)).is_err());
    let latin: Vec<u8> = request
        .chars()
        .map(|c| u8::try_from(u32::from(c)).unwrap())
        .collect();
    assert!(check(&latin).is_err());
    for bad in [
        &b"\xC0\xBC"[..],
        b"\xED\xA0\x80",
        b"\xF8\x88\x80\x80\x80",
        b"\0",
        b"\x01",
        b"\x1B",
        b"\xEF\xBF\xBE",
    ] {
        let at = request.find('é').unwrap();
        let spoiled = [&request.as_bytes()[..at], bad, &request.as_bytes()[at..]].concat();
        assert!(check(&spoiled).is_err(), "{bad:?}");
    }
    for bad in ["&#0;", "&#1;", "&#xFFFE;", "&#xD800;", "&x;"] {
        assert!(
            check(request.replace('é', bad).as_bytes()).is_err(),
            "{bad}"
        );
    }
    check(request.replace('é', "&#xE9;").as_bytes()).unwrap();
    assert!(check(b"").is_err());
}

/// The tree without the root's Signature, comments, and white space outside.
fn essence(mut root: Element) -> Element {
    fn plain(element: &mut Element) {
        let mut kept: Vec<Node> = Vec::new();
        for node in element.children.drain(..) {
            match (node, kept.last_mut()) {
                (Node::Other, _) => {}
                (Node::Text(text), Some(Node::Text(run))) => run.push_str(&text),
                (Node::Element(mut child), _) => {
                    plain(&mut child);
                    kept.push(Node::Element(child));
                }
                (text @ Node::Text(_), _) => kept.push(text),
            }
        }
        element.children = kept;
        // Canonical order of attributes is the order of a set here.
        element
            .attrs
            .sort_by(|a, b| (&a.ns, &a.local).cmp(&(&b.ns, &b.local)));
    }
    root.children
        .retain(|node| !matches!(node, Node::Element(child) if child.is(DS, "Signature")));
    plain(&mut root);
    root
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    /// Proves AV-SEC-22: however the document is written, the tree that this crate reads from the
    /// octets received and the tree it reads from libxml2's canonical form are the same.
    #[test]
    fn av_sec_22_both_readers_see_one_tree(
        text in "[ -~\u{9}\u{a}\u{d}\u{80}-\u{d7ff}\u{e000}-\u{fffd}]{0,60}",
        value in "[ -~\u{9}\u{a}\u{d}\u{80}-\u{2ff}]{0,30}",
        comment in "[a-z <>&]{0,10}",
        style in 0..6_u8,
    ) {
        use avouch_saml::xml::writer::{QName, Writer};
        let mut w = Writer::with_capacity(256);
        let name = QName::new("x", "urn:x", "P");
        w.start(name).attr("v", &value).attr_ns(QName::new("y", "urn:y", "w"), "1").text(&text).end();
        let part = String::from_utf8(w.finish().unwrap()).unwrap();
        let request = signed_request_with(&part);
        let content_at = request.find("<x:P").unwrap();
        let (head, tail) = request.split_at(content_at);
        let tail = match style {
            0 => tail.to_owned(),
            1 => tail.replacen("<x:P xmlns:x=\"urn:x\" xmlns:y=\"urn:y\"", "<x:P\n y:w='1' xmlns:y='urn:y'\txmlns:x='urn:x'", 1).replacen(" y:w=\"1\"", "", 1),
            2 => format!("<!--{}-->{tail}", comment.replace('-', "")),
            3 => tail.replacen("</x:P>", "<![CDATA[]]></x:P>", 1),
            4 => tail.replace("</samlp:Extensions>", "</samlp:Extensions\n>").replace("&gt;", ">"),
            _ => tail.replacen("</x:P>", "<!-- c --></x:P>", 1),
        };
        let written = format!("{head}{tail}");
        // An attribute may hold `]]>` or `>`; text may not hold a bare `]]>`.
        prop_assume!(!(style == 4 && written.contains("]]>")));
        let verified = verify(&written, "idp-rsa2048").unwrap();
        let received = reader::parse(written.as_bytes(), &Limits::MESSAGE).unwrap();
        let covered = reader::parse(verified.as_bytes(), &Limits::MESSAGE).unwrap();
        prop_assert_eq!(essence(received), essence(covered.clone()));
        let read = covered.elements().nth(1).unwrap().elements().next().unwrap();
        prop_assert_eq!(read.text().unwrap(), &text);
        prop_assert_eq!(read.attr("v"), Some(&*value));
    }
}
