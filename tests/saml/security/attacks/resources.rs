//! Documents made to reach out or to wear out.

use std::time::Duration;

use avouch_saml::security::algorithm::AlgorithmPolicy;
use avouch_saml::security::verify::{VerifiedXml, VerifyError, verify_enveloped};
use avouch_saml::xml::limits::Limits;
use avouch_saml::xml::reader::{self, XmlError, XmlErrorKind};

use crate::security::forge::*;
use crate::security::support::*;
use crate::work::Work;

fn verify_within(xml: &str, limits: &Limits) -> Result<VerifiedXml, VerifyError> {
    let policy = AlgorithmPolicy::default();
    verify_enveloped(xml.as_bytes(), &keys(&["idp-rsa2048"]), &policy, limits)
}

fn kind(result: Result<VerifiedXml, VerifyError>) -> Option<XmlErrorKind> {
    match result {
        Err(VerifyError::Xml(XmlError { kind, .. })) => Some(kind),
        _ => None,
    }
}

/// Proves AV-SEC-38: a DOCTYPE is refused before a parser acts on it; no file or socket is touched.
#[test]
fn av_sec_38_external_entities_are_not_reached() {
    let wire = Tripwire::new();
    let url = wire.url();
    for sample in samples() {
        let parts = Parts::of(&sample.xml);
        for doctype in [
            "<!DOCTYPE x>".to_owned(),
            format!("<!DOCTYPE x SYSTEM \"{url}\">"),
            format!("<!DOCTYPE x PUBLIC \"-//X\" \"{url}\">"),
            format!("<!DOCTYPE x [<!ENTITY e SYSTEM \"{url}\">]>"),
            "<!DOCTYPE x [<!ENTITY e SYSTEM \"file:///etc/passwd\">]>".to_owned(),
            "<!DOCTYPE x [<!ENTITY e SYSTEM \"netdoc:///etc/passwd\">]>".to_owned(),
            format!("<!DOCTYPE x [<!ENTITY % p SYSTEM \"{url}\"> %p;]>"),
            "<!DOCTYPE x [<!ATTLIST x ID ID #IMPLIED>]>".to_owned(),
        ] {
            let body = parts.body.clone() + "&e;";
            for xml in [
                format!("{doctype}{}", sample.xml),
                format!("<?xml version=\"1.0\"?>\n<!-- c -->{doctype}{}", sample.xml),
                format!(
                    "\u{FEFF} {doctype}{}",
                    Parts {
                        body,
                        ..parts.clone()
                    }
                    .join()
                ),
                sample.xml.replacen('>', &format!(">{doctype}"), 1),
            ] {
                for limits in [Limits::MESSAGE, Limits::METADATA] {
                    assert_eq!(
                        kind(verify_within(&xml, &limits)),
                        Some(XmlErrorKind::Doctype)
                    );
                }
            }
        }
        let undeclared = Parts {
            body: parts.body.clone() + "&e;",
            ..parts.clone()
        };
        let refused = kind(verify(&undeclared.join(), "idp-rsa2048"));
        assert_eq!(refused, Some(XmlErrorKind::Entity("e".to_owned())));
        verify(&sample.xml, "idp-rsa2048").unwrap();
    }
    assert!(wire.untouched());
}

/// Proves AV-SEC-39: nothing is expanded, so nothing grows.
#[test]
fn av_sec_39_entities_are_not_expanded() {
    let mut laughs = "<!DOCTYPE x [<!ENTITY a0 \"ha\">".to_owned();
    for n in 1..30 {
        let before = format!("&a{};", n - 1).repeat(10);
        laughs += &format!("<!ENTITY a{n} \"{before}\">");
    }
    laughs += "]>";
    let blow_up = format!("<!DOCTYPE x [<!ENTITY a \"{}\">]>", "a".repeat(100_000));
    for doctype in [laughs, blow_up] {
        for sample in samples() {
            let parts = Parts::of(&sample.xml);
            let body = parts.body.clone() + &"&a;&a29;".repeat(5_000);
            let xml = doctype.clone() + &Parts { body, ..parts }.join();
            let work = Work::begin();
            assert_eq!(
                kind(verify_within(&xml, &Limits::METADATA)),
                Some(XmlErrorKind::Doctype)
            );
            assert!(work.spent() < Duration::from_secs(1));
        }
    }
}

/// Proves AV-SEC-40: inclusions, schema locations and stylesheets are inert text.
#[test]
fn av_sec_40_nothing_is_included_or_fetched() {
    let wire = Tripwire::new();
    let url = wire.url();
    let include = format!(
        "<xi:include xmlns:xi=\"http://www.w3.org/2001/XInclude\" href=\"{url}\"></xi:include>"
    );
    let located = format!(
        "<x:P xmlns:x=\"urn:x\" xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" xsi:noNamespaceSchemaLocation=\"{url}\" xsi:schemaLocation=\"urn:x {url}\"></x:P>"
    );
    let request = signed_request_with(&format!("{include}{located}"));
    let verified = verify(&request, "idp-rsa2048").unwrap();
    assert!(
        std::str::from_utf8(verified.as_bytes())
            .unwrap()
            .contains(&include)
    );
    let styled = format!("<?xml-stylesheet type=\"text/xsl\" href=\"{url}\"?>{request}");
    assert_eq!(
        kind(verify(&styled, "idp-rsa2048")),
        Some(XmlErrorKind::Instruction)
    );
    verify_within(&styled, &Limits::METADATA).unwrap();
    assert!(wire.untouched());
}

/// Proves AV-SEC-42: depth, width, size and counts are refused in less time than they take to send.
#[test]
fn av_sec_42_oversized_documents_are_refused_quickly() {
    let n = 100_000;
    let deep = "<a>".repeat(n) + &"</a>".repeat(n);
    let mut attributes = String::new();
    let mut namespaces = String::new();
    for i in 0..n {
        attributes += &format!(" a{i}=\"\"");
    }
    for i in 0..10_000 {
        namespaces += &format!(" xmlns:n{i}=\"urn:{i}\"");
    }
    let roomy = Limits {
        bytes: 1 << 30,
        ..Limits::MESSAGE
    };
    for (what, extensions) in [
        ("levels of nesting", deep),
        ("attributes", format!("<a{attributes}></a>")),
        ("attributes", format!("<a{namespaces}></a>")),
        ("nodes", "<a></a>".repeat(n)),
    ] {
        let request = signed_request_with(&extensions);
        for limits in [Limits::MESSAGE, roomy] {
            let work = Work::begin();
            let refused = kind(verify_within(&request, &limits));
            assert!(
                matches!(refused, Some(XmlErrorKind::OverLimit { .. })),
                "{what}: {refused:?}"
            );
            if limits == roomy {
                assert!(
                    matches!(refused, Some(XmlErrorKind::OverLimit { what: found, .. }) if found == what)
                );
            }
            assert!(work.spent() < Duration::from_secs(1), "{what}");
        }
    }
    let huge = signed_request_with(&format!(
        "<x:P xmlns:x=\"urn:x\">{}</x:P>",
        "x".repeat(300_000)
    ));
    assert!(matches!(
        kind(verify(&huge, "idp-rsa2048")),
        Some(XmlErrorKind::OverLimit { what: "bytes", .. })
    ));
    verify_within(
        &huge,
        &Limits {
            bytes: 1 << 20,
            ..Limits::MESSAGE
        },
    )
    .unwrap();

    let request = request_with("");
    let shape = Shape::of(&request);
    let many = shape.signed_info() + &shape.reference().repeat(1_000);
    let signature = signature_over(&many, "", rsa2048);
    let forged = request.replacen("</saml:Issuer>", &format!("</saml:Issuer>{signature}"), 1);
    assert!(verify_within(&forged, &roomy).is_err());
    let infos = "<ds:KeyInfo></ds:KeyInfo>".repeat(1_000);
    let signature = signature_over(&shape.signed_info(), &infos, rsa2048);
    let forged = request.replacen("</saml:Issuer>", &format!("</saml:Issuer>{signature}"), 1);
    assert!(matches!(
        verify(&forged, "idp-rsa2048"),
        Err(VerifyError::Shape(_))
    ));
    // As deep and as wide as a message may be.
    let fits = "<a>".repeat(30) + &"</a>".repeat(30);
    verify(&signed_request_with(&fits), "idp-rsa2048").unwrap();
}

/// Bounds that let a large message in, to see what comes after them.
const ROOMY: Limits = Limits {
    signed_nodes: Limits::MESSAGE.nodes,
    ..Limits::MESSAGE
};

/// Proves AV-SEC-42, AV-SEC-19: what canonicalization is asked to carry along is bounded before it
/// runs, since the digest comes before anything tells who signed.
#[test]
fn av_sec_42_prefix_lists_are_bounded_before_the_digest() {
    let request = request_with(&"<a></a>".repeat(9_000));
    let with = |list: &str| {
        let inclusive = format!(
            "<ec:InclusiveNamespaces xmlns:ec=\"{EXCLUSIVE}\" PrefixList=\"{list}\"></ec:InclusiveNamespaces>"
        );
        let exclusive =
            format!("<ds:Transform Algorithm=\"{EXCLUSIVE}\">{inclusive}</ds:Transform>");
        let method = format!(
            "<ds:CanonicalizationMethod Algorithm=\"{EXCLUSIVE}\">{inclusive}</ds:CanonicalizationMethod>"
        );
        [
            Shape {
                transforms: transform(ENVELOPED) + &exclusive,
                ..Shape::of(&request)
            },
            Shape {
                canonicalization: method,
                ..Shape::of(&request)
            },
        ]
    };
    let names = |n: usize| (0..n).map(|i| format!("p{i} ")).collect::<String>();
    for list in [
        names(75_000),
        names(33),
        "p ".repeat(2),
        "x".repeat(1025),
        "a:b".into(),
    ] {
        for shape in with(&list) {
            let work = Work::begin();
            let roomy = Limits {
                bytes: 1 << 30,
                ..ROOMY
            };
            let refused = verify_within(&shape.sign(&request), &roomy);
            assert!(matches!(refused, Err(VerifyError::Shape(_))), "{refused:?}");
            assert!(work.spent() < Duration::from_secs(1));
        }
    }
    for list in [names(32), "#default xs ds".into(), String::new()] {
        for shape in with(&list) {
            verify_within(&shape.sign(&request), &ROOMY).unwrap();
        }
    }
}

/// Proves AV-SEC-42: namespaces add up over nested elements, and so are bounded in all.
#[test]
fn av_sec_42_namespaces_in_scope_are_bounded() {
    let nested = |levels: usize| {
        let open: String = (0..levels)
            .map(|level| {
                let declared: String = (0..32)
                    .map(|i| format!(" xmlns:n{level}.{i}=\"urn:{level}:{i}\""))
                    .collect();
                format!("<a{declared}>")
            })
            .collect();
        format!("{open}{}", "</a>".repeat(levels))
    };
    for (limits, levels) in [(Limits::MESSAGE, 4), (Limits::METADATA, 16)] {
        let refused = kind(verify_within(
            &request_signed_badly(&nested(levels)),
            &limits,
        ));
        assert!(
            matches!(
                refused,
                Some(XmlErrorKind::OverLimit {
                    what: "namespaces in scope",
                    ..
                })
            ),
            "{refused:?}"
        );
        let document = nested(levels + 1);
        assert!(avouch_saml::xml::reader::parse(document.as_bytes(), &limits).is_err());
        let document = nested(levels);
        avouch_saml::xml::reader::parse(document.as_bytes(), &limits).unwrap();
        // One after another they are not in scope together.
        let beside = nested(1).repeat(20);
        let refused = verify_within(&request_signed_badly(&beside), &limits);
        assert!(matches!(refused, Err(VerifyError::Changed)), "{refused:?}");
    }
}

/// A request whose signature is of the right shape and over something else.
fn request_signed_badly(extensions: &str) -> String {
    Shape::of("something else").sign(&request_with(extensions))
}

/// Proves AV-SEC-42: a message with many wrapped keys, and an SP with many signing keys.
#[test]
fn av_sec_42_many_keys_cost_little() {
    let signed = signed_request_with("");
    let policy = AlgorithmPolicy::default();
    let mut many = vec![keys(&["idp-rsa3072"]).remove(0); 31];
    many.extend(keys(&["idp-rsa2048"]));
    verify_enveloped(signed.as_bytes(), &many, &policy, &Limits::MESSAGE).unwrap();
    let work = Work::begin();
    let big = signed_request_with(&"<a></a>".repeat(9_000));
    let strangers = vec![keys(&["sp-signing"]).remove(0); 32];
    let refused = verify_enveloped(big.as_bytes(), &strangers, &policy, &ROOMY);
    assert!(matches!(refused, Err(VerifyError::OtherKey)));
    assert!(work.spent() < Duration::from_secs(5));
}

/// Proves hardening 4, AV-SEC-42: whoever has no key of the sender's cannot have a document made
/// canonical, which could be made to cost hundreds of times a plain request.
#[test]
fn hardening_04_a_worthless_signature_costs_little_more_than_reading() {
    const LEVELS: usize = 27;
    // 2,200 elements below levels that declare some namespaces each, and a list of one of each level.
    let signed_below = |declared: &[&str]| {
        let open: String = (0..LEVELS)
            .map(|level| {
                let names = declared
                    .iter()
                    .map(|i| format!(" xmlns:n{level}{i}=\"u:{level}{i}\""));
                format!("<a{}>", names.collect::<String>())
            })
            .collect();
        let body = "<a></a>".repeat(2_200);
        let request = request_with(&(open + &body + &"</a>".repeat(LEVELS)));
        let prefixes: String = (0..LEVELS).map(|level| format!("n{level}a ")).collect();
        let exclusive = format!(
            "<ds:Transform Algorithm=\"{EXCLUSIVE}\"><ec:InclusiveNamespaces xmlns:ec=\"{EXCLUSIVE}\" PrefixList=\"{prefixes}\"></ec:InclusiveNamespaces></ds:Transform>"
        );
        let shape = Shape {
            transforms: transform(ENVELOPED) + &exclusive,
            ..Shape::of(&request)
        };
        shape.sign(&request)
    };
    // Its sender may be as wasteful.
    verify(&signed_below(&["a"]), "idp-rsa2048").unwrap();

    let reading = |xml: &str| {
        let work = Work::begin();
        for _ in 0..20 {
            reader::parse(xml.as_bytes(), &Limits::MESSAGE).unwrap();
        }
        work.spent()
    };
    let hostile = signed_below(&["a", "b", "c", "d"]);
    // A key of the sender's, of the same size as the one that signed.
    let refuse = || {
        let work = Work::begin();
        for _ in 0..20 {
            let refused = verify(&hostile, "sp-signing");
            assert!(matches!(refused, Err(VerifyError::OtherKey)));
        }
        work.spent()
    };
    let (read, refused) = (reading(&hostile), refuse());
    assert!(
        refused < 3 * read,
        "{refused:?} where reading takes {read:?}"
    );

    // Without a signature the same may be read.
    let larger = "<a></a>".repeat(2_500);
    reader::parse(request_with(&larger).as_bytes(), &Limits::MESSAGE).unwrap();
    assert!(matches!(
        kind(verify(&signed_request_with(&larger), "idp-rsa2048")),
        Some(XmlErrorKind::OverLimit { what: "nodes", .. })
    ));
}
