//! Signature wrapping: a valid signature over something that is not what is read.

use avouch_saml::security::verify::VerifyError;

use crate::security::forge::*;
use crate::security::support::*;

/// Refused for its shape, before anything was computed.
fn refused_by_shape(xml: &str) -> bool {
    matches!(
        verify(xml, "idp-rsa2048"),
        Err(VerifyError::Shape(_)
            | VerifyError::Reference(_)
            | VerifyError::Ids(_)
            | VerifyError::NotSigned)
    )
}

/// Runs an attack on each kind of document. Its twin, the untouched document, is accepted.
fn on_each_sample(attack: impl Fn(&Parts) -> Vec<String>) {
    for sample in samples() {
        verify(&sample.xml, "idp-rsa2048").unwrap();
        let parts = Parts::of(&sample.xml);
        assert_eq!(parts.join(), sample.xml);
        for forged in attack(&parts) {
            assert_ne!(forged, sample.xml);
            assert!(refused_by_shape(&forged), "{}: {forged}", sample.what);
        }
    }
}

/// Proves AV-SEC-01: the original root inside the Signature of a forged one.
#[test]
fn av_sec_01_original_inside_the_signature() {
    on_each_sample(|parts| {
        let Parts {
            open,
            issuer,
            signature,
            body,
            close,
        } = parts;
        let inside = |content: &str| {
            signature.replace("</ds:Signature>", &format!("{content}</ds:Signature>"))
        };
        let in_key_info = signature.replace(
            "</ds:KeyInfo>",
            &format!("{}</ds:KeyInfo>", parts.unsigned()),
        );
        vec![
            format!(
                "{}{issuer}{}{body}{close}",
                parts.evil_open(),
                inside(&parts.unsigned())
            ),
            format!("{open}{issuer}{}{body}{close}", inside(&parts.unsigned())),
            format!("{}{issuer}{in_key_info}{body}{close}", parts.evil_open()),
            format!("{open}{issuer}{in_key_info}{body}{close}"),
        ]
    });
}

/// Proves AV-SEC-02: the original root as a sibling of the Signature. That the signature still holds
/// is xmlsec1's word.
#[test]
fn av_sec_02_original_beside_the_signature() {
    on_each_sample(|parts| {
        let Parts {
            open,
            issuer,
            signature,
            body,
            close,
        } = parts;
        let original = parts.unsigned();
        vec![
            format!(
                "{}{issuer}{original}{signature}{body}{close}",
                parts.evil_open()
            ),
            format!(
                "{}{issuer}{signature}{original}{body}{close}",
                parts.evil_open()
            ),
            format!("{open}{issuer}{signature}{original}{body}{close}"),
            format!("{}{original}{signature}{close}", parts.evil_open()),
        ]
    });
    for sample in samples() {
        let parts = Parts::of(&sample.xml);
        let Parts {
            issuer,
            signature,
            body,
            close,
            ..
        } = &parts;
        let forged = format!(
            "{}{issuer}{signature}{}{body}{close}",
            parts.evil_open(),
            parts.unsigned()
        );
        assert!(
            xmlsec1_verifies(&forged, "idp-rsa2048", sample.root),
            "{}",
            sample.what
        );
    }
}

/// Proves AV-SEC-07: the original, signature and all, inside Extensions or a foreign wrapper of a
/// forged root.
#[test]
fn av_sec_07_original_inside_extensions_or_a_wrapper() {
    on_each_sample(|parts| {
        let Parts {
            issuer,
            signature,
            body,
            close,
            ..
        } = parts;
        let original = parts.join();
        let wrapper = |name: &str, content: &str| {
            format!(
                "<samlp:{name} xmlns:samlp=\"urn:oasis:names:tc:SAML:2.0:protocol\">{content}</samlp:{name}>"
            )
        };
        let mut forged = Vec::new();
        for name in ["Extensions", "StatusDetail", "Advice"] {
            // Unsigned itself, then with the original's signature moved up to the root.
            forged.push(format!(
                "{}{issuer}{}{body}{close}",
                parts.evil_open(),
                wrapper(name, &original)
            ));
            let bare = wrapper(name, &parts.unsigned());
            forged.push(format!(
                "{}{issuer}{signature}{bare}{body}{close}",
                parts.evil_open()
            ));
        }
        forged.push(format!(
            "<x:Wrapper xmlns:x=\"urn:x\" ID=\"_evil\">{original}</x:Wrapper>"
        ));
        forged.push(format!(
            "<x:Wrapper xmlns:x=\"urn:x\" ID=\"_evil\">{issuer}{signature}{}</x:Wrapper>",
            parts.unsigned()
        ));
        forged
    });
}

/// Proves AV-SEC-08, E91: any ds:Object in the signature.
#[test]
fn av_sec_08_e91_objects_are_refused() {
    on_each_sample(|parts| {
        let Parts {
            open,
            issuer,
            signature,
            body,
            close,
        } = parts;
        let with = |object: &str| {
            let signature =
                signature.replace("</ds:Signature>", &format!("{object}</ds:Signature>"));
            format!("{{}}{issuer}{signature}{body}{close}")
        };
        let mut forged = Vec::new();
        for object in [
            "<ds:Object></ds:Object>".to_owned(),
            format!("<ds:Object>{}</ds:Object>", parts.unsigned()),
            format!(
                "<ds:Object><ds:Manifest>{}</ds:Manifest></ds:Object>",
                parts.unsigned()
            ),
        ] {
            forged.push(with(&object).replace("{}", open));
            forged.push(with(&object).replace("{}", &parts.evil_open()));
        }
        forged
    });
    // The Object is outside what is digested: xmlsec1 has nothing against it.
    let request = signed_request_with("");
    let object = request.replace("</ds:Signature>", "<ds:Object>x</ds:Object></ds:Signature>");
    assert!(xmlsec1_verifies(
        &object,
        "idp-rsa2048",
        "urn:oasis:names:tc:SAML:2.0:protocol:AuthnRequest"
    ));
    assert!(refused_by_shape(&object));
}

/// Proves AV-SEC-14: the Reference decides what is covered, not the Signature's place.
#[test]
fn av_sec_14_coverage_is_what_the_reference_names() {
    let inner = "<x:Part xmlns:x=\"urn:x\" ID=\"_part\">text</x:Part>";
    let request = request_with(inner);
    // In the root's place, over the part: really signed.
    let mut over_part = Shape::of(inner);
    over_part.reference_attributes = " URI=\"#_part\"".to_owned();
    let forged = over_part.sign(&request);
    assert_eq!(
        verify(&forged, "idp-rsa2048"),
        Err(VerifyError::Reference("#_part".to_owned()))
    );
    // In the part's place, over the root.
    let signature = Shape::of(&request).signature(rsa2048);
    let deep = request.replace("text</x:Part>", &format!("text{signature}</x:Part>"));
    assert_eq!(verify(&deep, "idp-rsa2048"), Err(VerifyError::NotSigned));
    // The twin: in the root's place, over the root.
    verify(&Shape::of(&request).sign(&request), "idp-rsa2048").unwrap();
}

/// Proves AV-SEC-15: a signature somewhere inside says nothing about the root.
#[test]
fn av_sec_15_a_signed_blob_inside_proves_nothing() {
    for donor in samples() {
        verify(&donor.xml, "idp-rsa2048").unwrap();
        let other_id = donor.xml.replace(REQUEST_ID, "_donor");
        for blob in [
            donor.xml.replace("ID=\"", "Id=\""),
            other_id,
            Parts::of(&donor.xml).signature,
        ] {
            let forged = request_with(&blob);
            assert_eq!(
                verify(&forged, "idp-rsa2048"),
                Err(VerifyError::NotSigned),
                "{}",
                donor.what
            );
        }
    }
    // The twin: a message that carries a signed blob and is signed itself.
    let metadata = samples()[3].xml.replace(REQUEST_ID, "_donor");
    verify(&signed_request_with(&metadata), "idp-rsa2048").unwrap();
}
