//! HTTP-POST, both ways.

use avouch_saml::binding::{BindingError, ReceivedRequest, Sendable, Transport, post};
use avouch_saml::ids::{AcsUrl, RelayState};
use avouch_saml::message::kind::Role;
use avouch_saml::security::sign::sign_enveloped;
use avouch_saml::xml::limits::Limits;

use super::support::*;
use crate::message::support::*;
use crate::security::support::dev_signer;

fn receive_form(body: &str, query: &str) -> Result<ReceivedRequest, BindingError> {
    post::receive(body.as_bytes(), query)
}

fn error(body: &str, query: &str) -> BindingError {
    match receive_form(body, query) {
        Ok(_) => panic!("accepted: {body} ? {query}"),
        Err(error) => error,
    }
}

fn form() -> String {
    let xml = plain_request().write().unwrap();
    format!("SAMLRequest={}", escape(&base64(xml.as_bytes())))
}

/// A template often indents the hidden field, and breaks it.
#[test]
fn field_62_base64_may_be_broken_and_indented() {
    let xml = plain_request().write().unwrap();
    let whole = base64(xml.as_bytes());
    let (head, tail) = whole.split_at(60);
    for value in [
        format!("\n      {whole}\n    "),
        format!("{head}\r\n\t {tail}"),
        format!("{head} {tail}"),
    ] {
        let body = format!("SAMLRequest={}", escape(&value));
        assert_eq!(receive_form(&body, "").unwrap().octets(), xml.as_bytes());
    }
    // What is no white space is still no base64.
    let body = format!("SAMLRequest={}", escape(&format!("{head}-{tail}")));
    assert!(matches!(error(&body, ""), BindingError::Base64(_)));
}

/// XML may come as UTF-16, from a signer of that kind too: what is signed is the canonical form.
#[test]
fn a_message_in_utf_16_is_read() {
    let xml = plain_request().write().unwrap();
    let text = String::from_utf8(xml.as_bytes().to_vec()).unwrap();
    let utf_16 = |text: &str| -> Vec<u8> {
        let units = std::iter::once(0xFEFF).chain(text.encode_utf16());
        units.flat_map(u16::to_be_bytes).collect()
    };
    let body = |octets: &[u8]| format!("SAMLRequest={}", escape(&base64(octets)));
    let received = receive_form(&body(&utf_16(&text)), "").unwrap();
    assert_eq!(received.octets(), xml.as_bytes());
    let contradicts = format!("<?xml version='1.0' encoding='ascii'?>{text}");
    let said = error(&body(&utf_16(&contradicts)), "").to_string();
    assert!(said.contains("ascii") && said.contains("UTF-16"), "{said}");
}

/// Proves AV-BND-09.
#[test]
fn av_bnd_09_one_message_in_the_form_and_none_in_the_query() {
    let xml = plain_request().write().unwrap();
    let received = receive_form(&format!("{}&RelayState=x+y", form()), "").unwrap();
    assert_eq!(received.octets(), xml.as_bytes());
    assert_eq!(received.transport(), Transport::Post);
    assert_eq!(received.relay_state(), Some(&RelayState::new("x y")));

    let whole = base64(xml.as_bytes());
    for line in ["\n", "\r\n"] {
        let lines: Vec<String> = whole
            .as_bytes()
            .chunks(76)
            .map(|l| String::from_utf8(l.to_vec()).unwrap() + line)
            .collect();
        let body = format!("SAMLRequest={}", escape(&lines.concat()));
        assert_eq!(receive_form(&body, "").unwrap().octets(), xml.as_bytes());
    }
    assert!(receive_form(&form(), "lang=en").is_ok());
    for query in [
        "SAMLRequest=x",
        "RelayState=x",
        "SigAlg=x",
        "Signature=x",
        "SAMLResponse=x",
        "SAMLEncoding=x",
    ] {
        assert!(
            matches!(error(&form(), query), BindingError::Misplaced(_)),
            "{query}"
        );
    }
    assert!(matches!(
        error(&form(), "samlrequest=x"),
        BindingError::Spelling(_)
    ));
    for extra in [
        "SigAlg=x",
        "Signature=x",
        "SAMLEncoding=x",
        "SAMLResponse=x",
        "SAMLart=x",
    ] {
        assert!(
            matches!(
                error(&format!("{}&{extra}", form()), ""),
                BindingError::Misplaced(_)
            ),
            "{extra}"
        );
    }
    for extra in [
        form(),
        "SAMLRequest=".to_owned(),
        "RelayState=a&RelayState=b".to_owned(),
    ] {
        assert!(
            matches!(
                error(&format!("{}&{extra}", form()), ""),
                BindingError::Duplicate(_)
            ),
            "{extra}"
        );
    }
    assert!(matches!(
        error(&format!("{}&relaystate=x", form()), ""),
        BindingError::Spelling(_)
    ));
    assert_eq!(error("", ""), BindingError::NoMessage(Role::Request));
    let expected = Role::Request;
    assert_eq!(
        error("SAMLResponse=x", ""),
        BindingError::OtherRole { expected }
    );
    // A deflated message is no document.
    assert!(matches!(
        error(&plain_parameter(), ""),
        BindingError::Xml(_)
    ));
    // A space is a plus that was not escaped; it is not skipped.
    assert_eq!(
        error(
            &form()
                .replacen("%3D", "+", 1)
                .replace("SAMLRequest=PHNh", "SAMLRequest=PH+h"),
            ""
        ),
        BindingError::Base64("SAMLRequest")
    );
}

/// Proves AV-BND-07 for HTTP-POST.
#[test]
fn av_bnd_07_forms_are_bounded() {
    let limit = Limits::MESSAGE.bytes;
    let fill = |octets: usize| {
        let xml = plain_request().write().unwrap();
        let mut xml = xml.as_bytes().to_vec();
        xml.resize(octets, b' ');
        format!("SAMLRequest={}", escape(&base64(&xml)))
    };
    assert!(receive_form(&fill(limit), "").is_ok());
    assert_eq!(
        error(&fill(limit + 4), ""),
        BindingError::TooLarge { limit }
    );
    let body = format!("{}&other={}", form(), "x".repeat(limit * 4));
    assert!(matches!(error(&body, ""), BindingError::TooLarge { .. }));
}

/// Proves IIP-G03, AV-SEC-38, AV-SEC-39 for both bindings: a DOCTYPE is the end of it.
#[test]
fn iip_g03_av_sec_38_no_doctype_on_any_binding() {
    let xml = plain_request().write().unwrap();
    let xml = std::str::from_utf8(xml.as_bytes()).unwrap();
    for doctype in [
        "<!DOCTYPE x>",
        "<!DOCTYPE x [<!ENTITY e \"x\">]>",
        "<!DOCTYPE x SYSTEM \"file:///etc/passwd\">",
        "<!DOCTYPE x SYSTEM \"http://127.0.0.1:9/x.dtd\">",
        "<!DOCTYPE x [<!ENTITY % p SYSTEM \"http://127.0.0.1:9/x\"> %p;]>",
        "<!DOCTYPE x [<!ENTITY a \"aaaaaaaaaa\"><!ENTITY b \"&a;&a;&a;&a;&a;&a;&a;&a;\">]>",
    ] {
        let hostile = format!("{doctype}{xml}");
        let body = format!("SAMLRequest={}", escape(&base64(hostile.as_bytes())));
        let by_post = error(&body, "");
        assert!(by_post.to_string().contains("DOCTYPE"), "{by_post}");
        let by_redirect = receive(&request_parameter(hostile.as_bytes()))
            .err()
            .unwrap();
        assert!(by_redirect.to_string().contains("DOCTYPE"), "{by_redirect}");
    }
    assert!(receive_form(&form(), "").is_ok());
}

/// Proves AV-SEC-17 for both bindings.
#[test]
fn av_sec_17_one_root_and_nothing_behind_it() {
    let xml = plain_request().write().unwrap();
    let xml = std::str::from_utf8(xml.as_bytes()).unwrap();
    for tail in ["<x/>", "text", "<?pi x?>", xml, "\u{0}"] {
        let hostile = format!("{xml}{tail}");
        let body = format!("SAMLRequest={}", escape(&base64(hostile.as_bytes())));
        assert!(matches!(error(&body, ""), BindingError::Xml(_)), "{tail}");
        assert!(
            receive(&request_parameter(hostile.as_bytes())).is_err(),
            "{tail}"
        );
    }
    let space = format!("{xml}\n");
    assert!(receive(&request_parameter(space.as_bytes())).is_ok());
}

/// Proves AV-BND-08 for the values, and AV-BND-06 for the Response.
#[test]
fn av_bnd_08_the_form_that_answers() {
    use base64::Engine as _;
    let mut random = Seeded(80);
    let response = plain_success(&mut random);
    let signed = sign_enveloped(response.write().unwrap(), &dev_signer("idp-rsa2048")).unwrap();
    let sendable = Sendable::from(signed);
    let acs = AcsUrl::parse(ACS).unwrap();
    let relay_state = RelayState::new("\"><script>alert(1)</script>");
    let form = post::send(&acs, &sendable, Some(&relay_state));
    assert_eq!(form.action(), ACS);
    assert_eq!(form.field(), "SAMLResponse");
    assert_eq!(form.relay_state(), Some(&relay_state));
    assert!(!form.message().contains(['\r', '\n', ' ']));
    let decoded = base64::engine::general_purpose::STANDARD
        .decode(form.message())
        .unwrap();
    assert_eq!(decoded, sendable.as_bytes());
    let root = root(std::str::from_utf8(&decoded).unwrap());
    assert_eq!(root.attr("Destination"), Some(form.action()));
    assert_eq!(post::send(&acs, &sendable, None).relay_state(), None);
}

#[test]
fn a_posted_request_reads_back() {
    let request = plain_request();
    let signed = sign_enveloped(request.write().unwrap(), &dev_signer("sp-signing")).unwrap();
    for (sendable, require) in [
        (Sendable::unsigned(request.write().unwrap()), false),
        (Sendable::from(signed), true),
    ] {
        let form = post::send(&url(SSO), &sendable, Some(&RelayState::new("r")));
        assert_eq!((form.action(), form.field()), (SSO, "SAMLRequest"));
        let body = format!("SAMLRequest={}&RelayState=r", escape(form.message()));
        let received = receive_form(&body, "").unwrap();
        assert_eq!(received.has_signature(), require);
        let verified = received.verify(&trust(require), &reception()).unwrap();
        assert_eq!(verified.into_message(), request);
    }
}
