//! Requests made to be read in two ways, or not to end.

use avouch_saml::message::authn_request::{AuthnRequest, RequestHead};
use avouch_saml::xml::limits::Limits;
use avouch_saml::xml::reader;

use super::support::*;

fn reads(xml: &str) -> bool {
    reader::parse(xml.as_bytes(), &Limits::MESSAGE)
        .is_ok_and(|root| AuthnRequest::parse(&root).is_ok())
}

/// Proves AV-SEC-21 for AuthnRequests.
#[test]
fn av_sec_21_comments_never_shorten_a_value() {
    assert!(reads(FULL_REQUEST));
    for (from, to) in [
        ("Issuer>https://sp.", "Issuer>https://sp.<!-- -->"),
        ("Issuer>https://sp.", "Issuer><!-- -->https://sp."),
        (">opaque<", ">opaq<!-- -->ue<"),
        ("<saml:Audience>urn:", "<saml:Audience>urn:<!-- -->"),
        ("ClassRef>urn:c1", "ClassRef>urn:<!-- -->c1"),
        ("RequesterID>urn:q1", "RequesterID>urn:<!-- -->q1"),
        ("Issuer>https://sp.", "Issuer>https://sp.<?pi x?>"),
        ("Issuer>https://sp.", "Issuer>https://sp.<x/>"),
    ] {
        assert!(!reads(&changed(from, to)), "{to}");
    }
    // CDATA is only another way to write the same text.
    assert!(reads(&changed(">opaque<", "><![CDATA[opaque]]><")));
}

/// Proves AV-SEC-23 for AuthnRequests.
#[test]
fn av_sec_23_names_are_read_by_namespace_only() {
    let other_prefixes = FULL_REQUEST
        .replace("samlp:", "p:")
        .replace("xmlns:samlp", "xmlns:p")
        .replace("saml:", "samlp:")
        .replace("xmlns:saml=", "xmlns:samlp=");
    assert_eq!(read_request(&other_prefixes), read_request(FULL_REQUEST));
    for (from, to) in [
        ("<saml:Issuer>", "<saml:Issuer xmlns:saml=\"urn:other\">"),
        (
            "<saml:Subject>",
            "<saml:Subject xmlns:saml=\"urn:oasis:names:tc:SAML:1.0:assertion\">",
        ),
        ("xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\" ", ""),
        (
            "xmlns:samlp=\"urn:oasis:names:tc:SAML:2.0:protocol\"",
            "xmlns:samlp=\"urn:oasis:names:tc:SAML:2.0:Protocol\"",
        ),
        ("xmlns:saml=", "xmlns:xml=\"urn:x\" xmlns:saml="),
        ("xmlns:saml=", "xmlns:xmlns=\"urn:x\" xmlns:saml="),
        ("<samlp:NameIDPolicy ", "<NameIDPolicy xmlns=\"\" "),
    ] {
        assert!(!reads(&changed(from, to)), "{to}");
    }
}

/// Proves AV-SEC-12 for the reader of AuthnRequests.
#[test]
fn av_sec_12_no_second_id_is_accepted() {
    for (from, to) in [
        ("ID=\"_r1\"", "ID=\"_r1\" samlp:ID=\"_r2\""),
        ("ID=\"_r1\"", "ID=\"_r1\" xml:id=\"_r2\""),
        ("ID=\"_r1\"", "ID=\"_r1\" Id=\"_r2\""),
        ("<x:Note ", "<x:Note ID=\"_r1\" "),
        ("<x:Note ", "<x:Note id=\"_r1\" "),
    ] {
        assert!(!reads(&changed(from, to)), "{to}");
    }
    assert!(reads(&changed("<x:Note ", "<x:Note ID=\"_r3\" ")));
}

#[test]
fn only_an_authn_request_is_one() {
    for root_name in [
        "samlp:LogoutRequest",
        "saml:AuthnRequest",
        "samlp:authnrequest",
    ] {
        let xml = FULL_REQUEST.replace("samlp:AuthnRequest", root_name);
        assert!(RequestHead::read(&root(&xml)).is_err(), "{root_name}");
    }
    assert!(RequestHead::read(&root(FULL_REQUEST)).is_ok());
}
