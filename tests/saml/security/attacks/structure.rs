//! Signatures of a shape that SAML does not have: doubled, split, or naming something else.

use avouch_saml::security::verify::VerifyError;

use crate::security::forge::*;
use crate::security::support::*;

fn is_shape(result: &Result<impl Sized, VerifyError>) -> bool {
    matches!(result, Err(VerifyError::Shape(_)))
}

/// The whole element `name` of namespace prefix `ds`.
fn element<'a>(xml: &'a str, name: &str) -> &'a str {
    let start = xml.find(&format!("<ds:{name}")).unwrap();
    let closing = format!("</ds:{name}>");
    let end = xml[start..].find(&closing).unwrap() + closing.len();
    &xml[start..start + end]
}

/// Proves AV-SEC-10: each part of a Signature stands once, and the Signature itself does.
#[test]
fn av_sec_10_each_part_stands_once() {
    for sample in samples() {
        for name in [
            "Signature",
            "SignedInfo",
            "SignatureValue",
            "KeyInfo",
            "CanonicalizationMethod",
            "SignatureMethod",
            "Reference",
            "Transforms",
            "DigestMethod",
            "DigestValue",
        ] {
            // "Signature" is the beginning of other names, so take its attribute along.
            let one = match name {
                "Signature" => Parts::of(&sample.xml).signature,
                _ => element(&sample.xml, name).to_owned(),
            };
            let doubled = sample.xml.replacen(&one, &format!("{one}{one}"), 1);
            assert!(
                is_shape(&verify(&doubled, "idp-rsa2048")),
                "{} {name}",
                sample.what
            );
            if name != "Signature" && name != "KeyInfo" {
                let missing = sample.xml.replacen(&one, "", 1);
                assert!(
                    is_shape(&verify(&missing, "idp-rsa2048")),
                    "{} {name}",
                    sample.what
                );
            }
        }
        verify(&sample.xml, "idp-rsa2048").unwrap();
        let without_key_info = sample.xml.replace(element(&sample.xml, "KeyInfo"), "");
        verify(&without_key_info, "idp-rsa2048").unwrap();
    }
    // Two references, both right and both signed.
    let request = request_with("");
    let shape = Shape::of(&request);
    let twice = shape.signed_info() + &shape.reference();
    let signature = signature_over(&twice, "", rsa2048);
    let forged = request.replacen("</saml:Issuer>", &format!("</saml:Issuer>{signature}"), 1);
    assert!(xmlsec1_verifies(
        &forged,
        "idp-rsa2048",
        "urn:oasis:names:tc:SAML:2.0:protocol:AuthnRequest"
    ));
    assert!(is_shape(&verify(&forged, "idp-rsa2048")));
}

/// Proves AV-SEC-11: digest and signature values are one run of text.
#[test]
fn av_sec_11_values_are_not_split() {
    for sample in samples() {
        for name in ["DigestValue", "SignatureValue"] {
            let whole = element(&sample.xml, name);
            let value = whole.split(['<', '>']).nth(2).unwrap();
            let (head, tail) = value.split_at(10);
            for split in [
                format!("{head}<!-- -->{tail}"),
                format!("<!--AAAA-->{value}"),
                format!("{value}<!---->"),
                format!("{head}<?x y?>{tail}"),
                format!("{head}<![CDATA[{tail}]]>"),
                format!("<![CDATA[AAAA]]>{value}"),
                format!("{head}<x>{tail}</x>"),
                format!("<x/>{value}"),
                format!("AAAA{value}"),
                format!("{value}="),
                head.to_owned(),
                String::new(),
            ] {
                let forged = sample.xml.replacen(whole, &whole.replace(value, &split), 1);
                let refused = verify(&forged, "idp-rsa2048");
                let by_shape = matches!(refused, Err(VerifyError::Value(_)))
                    // A SignatureValue of another length is another key's.
                    || (name == "SignatureValue" && refused == Err(VerifyError::OtherKey));
                assert!(by_shape, "{name} {split}: {refused:?}");
            }
        }
        verify(&sample.xml, "idp-rsa2048").unwrap();
    }
}

/// Proves AV-SEC-12: an ID is one element's, in whatever spelling. All of these are really signed.
#[test]
fn av_sec_12_ids_are_not_ambiguous() {
    let ambiguous = |xml: &str| matches!(verify(xml, "idp-rsa2048"), Err(VerifyError::Ids(_)));
    for (attributes, refused) in [
        (format!("ID=\"{REQUEST_ID}\""), true),
        (format!("Id=\"{REQUEST_ID}\""), true),
        (format!("id=\"{REQUEST_ID}\""), true),
        (format!("xmlns:y=\"urn:y\" y:ID=\"{REQUEST_ID}\""), true),
        (format!("xml:id=\"{REQUEST_ID}\""), true),
        ("xml:id=\"_other\"".to_owned(), true),
        ("ID=\"_1\" id=\"_2\"".to_owned(), true),
        ("ID=\"_other\"".to_owned(), false),
        ("Id=\"_other\"".to_owned(), false),
        ("xmlns:y=\"urn:y\" y:ID=\"_other\"".to_owned(), false),
    ] {
        // Canonical order: declarations, then attributes without a namespace, then the rest.
        let (declarations, attributes) = match attributes.strip_prefix("xmlns:y=\"urn:y\" ") {
            Some(rest) => (" xmlns:y=\"urn:y\"", rest.to_owned()),
            None => ("", attributes),
        };
        let part = format!("<x:Part xmlns:x=\"urn:x\"{declarations} {attributes}></x:Part>");
        let request = signed_request_with(&part);
        assert_eq!(ambiguous(&request), refused, "{part}");
        assert_eq!(verify(&request, "idp-rsa2048").is_ok(), !refused, "{part}");
    }
    let twins = "<x:A xmlns:x=\"urn:x\" ID=\"_twin\"></x:A>";
    assert!(ambiguous(&signed_request_with(&format!("{twins}{twins}"))));
    assert!(verify(&signed_request_with(twins), "idp-rsa2048").is_ok());

    // Beside the root's own ID, in canonical order.
    let own = format!("ID=\"{REQUEST_ID}\" Version=\"2.0\"");
    for (attributes, accepted) in [
        (
            own.replace(" Version", " ProviderName=\"_2\" Version"),
            true,
        ),
        (own.replace(" Version", " Id=\"_2\" Version"), false),
        (format!("{own} id=\"_2\""), false),
        (format!("{own} xml:id=\"_2\""), false),
        (format!("{own} samlp:ID=\"_2\""), false),
        (format!("{own} samlp:ID=\"{REQUEST_ID}\""), false),
    ] {
        let request = request_with("").replacen(&own, &attributes, 1);
        let unsigned = canonical(&request, "</saml:Issuer>");
        let request = signed(unsigned, &dev_signer("idp-rsa2048"));
        assert_eq!(
            verify(&request, "idp-rsa2048").is_ok(),
            accepted,
            "{attributes}"
        );
        assert_eq!(ambiguous(&request), !accepted, "{attributes}");
    }
}

/// Proves AV-SEC-13: only `#` and the root's own ID. Nothing external is fetched.
#[test]
fn av_sec_13_reference_names_the_root_by_its_id() {
    let wire = Tripwire::new();
    let part = "<x:Part xmlns:x=\"urn:x\" ID=\"_part\"></x:Part>";
    let request = request_with(part);
    let uri = |value: &str| format!(" URI=\"{value}\"");
    for attributes in [
        String::new(),
        uri(""),
        uri("#"),
        uri("#_part"),
        uri(REQUEST_ID),
        uri(&format!("#{REQUEST_ID} ")),
        uri(&format!(" #{REQUEST_ID}")),
        uri(&format!("##{REQUEST_ID}")),
        uri("#xpointer(/)"),
        uri(&format!("#xpointer(id('{REQUEST_ID}'))")),
        uri(&wire.url()),
        uri(&format!("{}#{REQUEST_ID}", wire.url())),
        uri("file:///etc/passwd"),
        uri("/etc/passwd"),
        format!(" Type=\"x\" uri=\"#{REQUEST_ID}\""),
    ] {
        let mut shape = Shape::of(&request);
        shape.reference_attributes = attributes;
        let result = verify(&shape.sign(&request), "idp-rsa2048");
        assert!(
            matches!(result, Err(VerifyError::Reference(_))),
            "{}: {result:?}",
            shape.reference_attributes
        );
    }
    assert!(wire.untouched());
    verify(&Shape::of(&request).sign(&request), "idp-rsa2048").unwrap();

    // The empty URI is the whole document too, and xmlsec1 takes it; SAML does not.
    let mut whole = Shape::of(&request);
    whole.reference_attributes = uri("");
    assert!(xmlsec1_verifies(
        &whole.sign(&request),
        "idp-rsa2048",
        "urn:oasis:names:tc:SAML:2.0:protocol:AuthnRequest"
    ));
}

/// Proves AV-RSP-14 for what arrives: right after Issuer, by an `ID` that the root has.
#[test]
fn av_rsp_14_signature_comes_right_after_issuer() {
    let request = signed_request_with("");
    let Parts {
        open,
        issuer,
        signature,
        body,
        close,
    } = Parts::of(&request);
    verify(&request, "idp-rsa2048").unwrap();
    for moved in [
        format!("{open}{signature}{issuer}{body}{close}"),
        format!("{open}{issuer}{body}{signature}{close}"),
        format!("{open}{signature}{body}{close}"),
    ] {
        assert!(is_shape(&verify(&moved, "idp-rsa2048")), "{moved}");
    }
    for id in ["", "1", "a b", "a:b", "id('x')"] {
        let odd = request.replace(REQUEST_ID, id);
        assert!(is_shape(&verify(&odd, "idp-rsa2048")), "{id}");
    }
    let none = request.replace(&format!(" ID=\"{REQUEST_ID}\""), "");
    assert!(is_shape(&verify(&none, "idp-rsa2048")));
    let foreign = request.replace(
        "urn:oasis:names:tc:SAML:2.0:protocol",
        "urn:oasis:names:tc:SAML:1.0:protocol",
    );
    assert!(is_shape(&verify(&foreign, "idp-rsa2048")));
}

#[test]
fn signature_holds_nothing_between_its_elements() {
    let request = signed_request_with("");
    for (place, extra) in [
        ("<ds:SignatureValue>", "text"),
        ("<ds:SignatureValue>", "<!-- -->"),
        ("<ds:SignatureMethod", "<x></x>"),
        ("<ds:Reference", "<?x?>"),
        ("<ds:DigestMethod", "x"),
        ("</ds:Transforms>", "<!-- -->"),
        (
            "</ds:SignatureMethod>",
            "<ds:HMACOutputLength>8</ds:HMACOutputLength>",
        ),
        ("</ds:DigestMethod>", "<x></x>"),
    ] {
        let forged = request.replacen(place, &format!("{extra}{place}"), 1);
        assert!(is_shape(&verify(&forged, "idp-rsa2048")), "{place} {extra}");
    }
    let spaced = request.replace("<ds:KeyInfo>", " \n\t<ds:KeyInfo>");
    verify(&spaced, "idp-rsa2048").unwrap();
}
