//! AuthnRequests of every shape, each broken one beside its sound twin.

use avouch_saml::message::authn_request::{
    Comparison, ContextRefs, NameIdPolicy, RequestHead, RequestedAcs,
};
use avouch_saml::message::identifier::SubjectIdentifier;
use avouch_saml::message::{MessageError, Oddity};
use avouch_saml::name_id::NameIdFormat;
use avouch_saml::status::{SecondStatus, TopStatus};
use avouch_saml::time::Timestamp;
use avouch_saml::xml::limits::Limits;
use avouch_saml::xml::reader;

use super::support::*;
use crate::schema::{assert_schema_valid, schema_check};

fn reads(xml: &str) -> bool {
    reader::parse(xml.as_bytes(), &Limits::MESSAGE)
        .is_ok_and(|root| avouch_saml::message::authn_request::AuthnRequest::parse(&root).is_ok())
}

/// Proves IIP-SSO07: each optional element and attribute is understood.
#[test]
fn iip_sso07_every_field_is_read() {
    assert_schema_valid(FULL_REQUEST.as_bytes());
    let request = read_request(FULL_REQUEST).unwrap();
    assert_eq!(request.id.as_str(), "_r1");
    assert_eq!(request.issue_instant, NOW);
    assert_eq!(request.destination.as_deref(), Some(SSO));
    assert_eq!(
        request.consent.as_deref(),
        Some("urn:oasis:names:tc:SAML:2.0:consent:unspecified")
    );
    assert!(request.force_authn && !request.is_passive);
    assert_eq!(request.acs.url(), Some("https://sp.example.org/saml/acs"));
    assert_eq!(
        request.acs.protocol_binding(),
        Some("urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST")
    );
    assert_eq!(request.attribute_consuming_service_index, Some(3));
    assert_eq!(request.provider_name.as_deref(), Some("Sample"));
    assert_eq!(request.issuer, entity(SP));
    assert_eq!(
        request.extensions,
        [
            ("urn:example:x".to_owned(), "Note".to_owned()),
            ("urn:example:y".to_owned(), "Other".to_owned())
        ]
    );
    let subject = request.subject.unwrap();
    assert!(!subject.has_confirmation);
    let Some(SubjectIdentifier::NameId(name)) = subject.identifier else {
        panic!("a NameID")
    };
    assert_eq!(name.value, "opaque");
    assert_eq!(name.sp_provided_id.as_deref(), Some("p1"));
    assert_eq!(
        request.name_id_policy,
        Some(NameIdPolicy {
            format: Some(NameIdFormat::Transient),
            sp_name_qualifier: Some(SP.to_owned()),
            allow_create: true,
        })
    );
    let conditions = request.conditions.unwrap();
    assert_eq!(
        conditions.window.not_on_or_after,
        Some(Timestamp::from_millis(NOW.millis() + 3_600_250))
    );
    assert_eq!(conditions.audiences, [["urn:a", "urn:b"]]);
    assert!(conditions.one_time_use && conditions.proxy_restriction);
    let context = request.requested_authn_context.unwrap();
    assert_eq!(context.comparison, Comparison::Minimum);
    assert_eq!(
        context.refs,
        ContextRefs::Classes(vec!["urn:c1".to_owned(), "urn:c2".to_owned()])
    );
    let scoping = request.scoping.unwrap();
    assert_eq!(scoping.proxy_count, Some(2));
    assert_eq!(scoping.idp_list.unwrap(), ["urn:i1", "urn:i2"]);
    assert_eq!(scoping.requester_ids, ["urn:q1", "urn:q2"]);
}

/// Proves AV-REQ-01: what the schema refuses is refused, as the schema's own validator does.
#[test]
fn av_req_01_only_schema_valid_requests_are_read() {
    assert!(reads(FULL_REQUEST));
    let issuer = "<saml:Issuer>https://sp.example.org/saml</saml:Issuer>";
    let policy = "<samlp:NameIDPolicy Format=\"urn:oasis:names:tc:SAML:2.0:nameid-format:transient\" SPNameQualifier=\"https://sp.example.org/saml\" AllowCreate=\"1\"/>";
    for (from, to) in [
        // Dropped.
        (" ID=\"_r1\"", ""),
        (" Version=\"2.0\"", ""),
        (" IssueInstant=\"2026-03-01T12:00:00Z\"", ""),
        (" ProviderID=\"urn:i2\"", ""),
        (
            "<saml:AuthnContextClassRef>urn:c1</saml:AuthnContextClassRef><saml:AuthnContextClassRef>urn:c2</saml:AuthnContextClassRef>",
            "",
        ),
        (
            "<saml:Audience>urn:a</saml:Audience><saml:Audience>urn:b</saml:Audience>",
            "",
        ),
        // Of the wrong type.
        ("ID=\"_r1\"", "ID=\"1r\""),
        ("ID=\"_r1\"", "ID=\"a:b\""),
        ("ID=\"_r1\"", "ID=\"\""),
        (
            "IssueInstant=\"2026-03-01T12:00:00Z\"",
            "IssueInstant=\"2026-03-01\"",
        ),
        (
            "IssueInstant=\"2026-03-01T12:00:00Z\"",
            "IssueInstant=\"now\"",
        ),
        ("ForceAuthn=\"true\"", "ForceAuthn=\"True\""),
        ("ForceAuthn=\"true\"", "ForceAuthn=\"yes\""),
        ("IsPassive=\"0\"", "IsPassive=\"-0\""),
        ("AllowCreate=\"1\"", "AllowCreate=\"on\""),
        ("ServiceIndex=\"3\"", "ServiceIndex=\"-1\""),
        ("ServiceIndex=\"3\"", "ServiceIndex=\"70000\""),
        ("ServiceIndex=\"3\"", "ServiceIndex=\"+3\""),
        ("ServiceIndex=\"3\"", "ServiceIndex=\"3.0\""),
        ("Comparison=\"minimum\"", "Comparison=\"Minimum\""),
        ("ProxyCount=\"2\"", "ProxyCount=\"-1\""),
        ("NotBefore=\"2026-03-01T11:59:00Z\"", "NotBefore=\"soon\""),
        // Repeated, out of order, unknown.
        (issuer, &format!("{issuer}{issuer}")),
        (policy, &format!("{policy}{policy}")),
        ("<samlp:NameIDPolicy", "<samlp:Scoping/><samlp:NameIDPolicy"),
        (
            "<saml:Subject>",
            "<saml:Subject><saml:NameID>x</saml:NameID>",
        ),
        (
            "<saml:AuthnContextClassRef>urn:c2</saml:AuthnContextClassRef>",
            "<saml:AuthnContextDeclRef>urn:c2</saml:AuthnContextDeclRef>",
        ),
        (
            "<samlp:RequesterID>urn:q1</samlp:RequesterID>",
            "<samlp:Unknown/>",
        ),
        (
            "<samlp:GetComplete>",
            "<samlp:IDPEntry ProviderID=\"x\"><x/></samlp:IDPEntry><x/><samlp:GetComplete>",
        ),
        ("<saml:OneTimeUse/>", "<saml:Other/>"),
        ("Version=\"2.0\"", "Version=\"2.0\" Other=\"1\""),
        ("Version=\"2.0\"", "Version=\"2.0\" samlp:ID=\"_other\""),
        (
            "Comparison=\"minimum\"",
            "Comparison=\"minimum\" Strict=\"true\"",
        ),
        ("<saml:Subject>", "text<saml:Subject>"),
        (
            "<samlp:Scoping ProxyCount=\"2\">",
            "<samlp:Scoping ProxyCount=\"2\">text",
        ),
        (issuer, &format!("{policy}{issuer}")),
        // More than one document.
        ("</samlp:AuthnRequest>", "</samlp:AuthnRequest><x/>"),
        ("</samlp:AuthnRequest>", "</samlp:AuthnRequest>x"),
    ] {
        let broken = changed(from, to);
        assert!(!reads(&broken), "{from} -> {to}");
        assert!(
            schema_check(broken.as_bytes()).is_err(),
            "the schema has it: {from} -> {to}"
        );
    }
    for (from, to) in [
        ("ForceAuthn=\"true\"", "ForceAuthn=\"false\""),
        ("ForceAuthn=\"true\"", "ForceAuthn=\" 1\t\""),
        ("IsPassive=\"0\"", "IsPassive=\"true\""),
        ("ServiceIndex=\"3\"", "ServiceIndex=\"65535\""),
        ("ServiceIndex=\"3\"", "ServiceIndex=\"007\""),
        ("ProxyCount=\"2\"", "ProxyCount=\"99999999999999999999999\""),
        ("<saml:Subject>", "<!-- a remark --><saml:Subject>"),
        ("<saml:OneTimeUse/>", ""),
    ] {
        let sound = changed(from, to);
        assert_schema_valid(sound.as_bytes());
        assert!(reads(&sound), "{from} -> {to}");
    }
}

#[test]
fn av_req_01_repeated_conditions_are_refused() {
    assert!(!reads(&changed(
        "<saml:OneTimeUse/>",
        "<saml:OneTimeUse/><saml:OneTimeUse/>"
    )));
    assert!(reads(FULL_REQUEST));
}

/// Proves AV-REQ-02.
#[test]
fn av_req_02_an_unreadable_id_is_not_echoed() {
    for to in ["", " ID=\"1r\"", " ID=\"\"", " ID=\"a b\"", " ID=\" \""] {
        let xml = changed(" ID=\"_r1\"", to);
        let head = RequestHead::read(&root(&xml)).unwrap();
        assert_eq!(head.id, None, "{to}");
        let error = read_request(&xml).unwrap_err();
        assert_eq!(error.status().unwrap().top, TopStatus::Requester);
    }
    let head = RequestHead::read(&root(FULL_REQUEST)).unwrap();
    assert_eq!(head.id, Some(id("_r1")));
}

/// Proves AV-ST-01, AV-ST-02 for what each broken request is to be answered.
#[test]
fn av_st_01_av_st_02_faults_have_their_status() {
    for (version, expected) in [
        (
            "3.0",
            Some((
                TopStatus::VersionMismatch,
                Some(SecondStatus::RequestVersionTooHigh),
            )),
        ),
        (
            "10.2",
            Some((
                TopStatus::VersionMismatch,
                Some(SecondStatus::RequestVersionTooHigh),
            )),
        ),
        // An answer could not have version 1.1 and may not have a higher one: a page.
        ("1.1", None),
        ("1.0", None),
        ("", Some((TopStatus::Requester, None))),
        ("2", Some((TopStatus::Requester, None))),
        ("02.0", Some((TopStatus::Requester, None))),
        (" 2.0", Some((TopStatus::Requester, None))),
        ("2.0.0", Some((TopStatus::Requester, None))),
    ] {
        let xml = changed("Version=\"2.0\"", &format!("Version=\"{version}\""));
        let status = read_request(&xml).unwrap_err().status();
        assert_eq!(status.map(|s| (s.top, s.second)), expected, "{version}");
    }
    for version in ["2.0", "2.1"] {
        let xml = changed("Version=\"2.0\"", &format!("Version=\"{version}\""));
        assert!(read_request(&xml).is_ok(), "{version}");
    }
    let boolean = read_request(&changed("ForceAuthn=\"true\"", "ForceAuthn=\"yes\"")).unwrap_err();
    assert_eq!(boolean.status().unwrap().top, TopStatus::Requester);
    let no_issuer = changed("<saml:Issuer>https://sp.example.org/saml</saml:Issuer>", "");
    let no_issuer = read_request(&no_issuer).unwrap_err();
    assert!(matches!(no_issuer, MessageError::NoIssuer(_)));
    assert_eq!(no_issuer.status(), None, "there is nobody to answer");
}

/// Proves AV-REQ-06 for the form of Issuer.
#[test]
fn av_req_06_issuer_is_an_entity_without_qualifiers() {
    let entity_format = "Format=\"urn:oasis:names:tc:SAML:2.0:nameid-format:entity\"";
    assert!(reads(&changed(
        "<saml:Issuer>",
        &format!("<saml:Issuer {entity_format}>")
    )));
    for attribute in [
        "Format=\"urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified\"",
        "NameQualifier=\"x\"",
        "SPNameQualifier=\"x\"",
        "SPProvidedID=\"x\"",
        "Other=\"x\"",
    ] {
        let xml = changed("<saml:Issuer>", &format!("<saml:Issuer {attribute}>"));
        let error = read_request(&xml).unwrap_err();
        assert_eq!(
            error.status().unwrap().top,
            TopStatus::Requester,
            "{attribute}"
        );
    }
    for text in ["", " ", "a\nb", "\u{a0}https://sp.example.org/saml"] {
        let xml = changed(
            "<saml:Issuer>https://sp.example.org/saml",
            &format!("<saml:Issuer>{text}"),
        );
        assert!(
            matches!(read_request(&xml), Err(MessageError::NoIssuer(_))),
            "{text:?}"
        );
    }
    let long = "u".repeat(1025);
    let xml = changed(
        "<saml:Issuer>https://sp.example.org/saml",
        &format!("<saml:Issuer>{long}"),
    );
    assert!(!reads(&xml));
    assert!(reads(&xml.replace(&long, &long[1..])));
}

/// Proves AV-REQ-09 for the reader: nothing is folded or normalised, and nothing taken off but the white
/// space that XML Schema takes off a URI.
#[test]
fn av_req_09_strings_are_kept_byte_for_byte() {
    let url = "HTTPS://SP.example.org:443/saml/../acs%2F";
    let xml = changed(
        "URL=\"https://sp.example.org/saml/acs\"",
        &format!("URL=\" {url} \""),
    );
    assert_eq!(read_request(&xml).unwrap().acs.url(), Some(url));
    let xml = changed("nameid-format:transient", "nameid-format:Transient");
    let format = read_request(&xml).unwrap().name_id_policy.unwrap().format;
    assert!(matches!(format, Some(NameIdFormat::Other(_))));
    let xml = changed(
        "<saml:AuthnContextClassRef>urn:c1",
        "<saml:AuthnContextClassRef> URN:c1\n",
    );
    let refs = read_request(&xml)
        .unwrap()
        .requested_authn_context
        .unwrap()
        .refs;
    assert_eq!(
        refs,
        ContextRefs::Classes(vec!["URN:c1".to_owned(), "urn:c2".to_owned()])
    );
    let xml = changed("Issuer>https://sp.", "Issuer>https://SP.");
    assert_ne!(read_request(&xml).unwrap().issuer, entity(SP));
    // After XML decoding, not before.
    let xml = changed(
        "URL=\"https://sp.example.org/saml/acs\"",
        "URL=\"https://sp.example.org/a?b&amp;c&#61;d\"",
    );
    assert_eq!(
        read_request(&xml).unwrap().acs.url(),
        Some("https://sp.example.org/a?b&c=d")
    );
}

/// Proves AV-REQ-13, and AV-REQ-11 for the index's form.
#[test]
fn av_req_13_av_req_11_acs_selectors() {
    let given = "ProtocolBinding=\"urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST\" AssertionConsumerServiceURL=\"https://sp.example.org/saml/acs\"";
    let index = "AssertionConsumerServiceIndex=\"1\"";
    for both in [
        format!("{index} {given}"),
        format!("{index} ProtocolBinding=\"x\""),
        format!("{index} AssertionConsumerServiceURL=\"x\""),
    ] {
        let xml = changed(given, &both);
        let error = read_request(&xml).unwrap_err();
        assert_eq!(error, MessageError::ConflictingAcs);
        assert_eq!(error.status().unwrap().top, TopStatus::Requester);
        // The URL stays, so that an unregistered one is never answered at another.
        let head = RequestHead::read(&root(&xml)).unwrap();
        assert_eq!(head.acs.index(), None);
        assert_eq!(
            head.acs.url(),
            root(&xml).attr("AssertionConsumerServiceURL")
        );
    }
    for (attributes, expected) in [
        (index.to_owned(), RequestedAcs::Index(1)),
        (
            "AssertionConsumerServiceIndex=\"65535\"".to_owned(),
            RequestedAcs::Index(65535),
        ),
        (String::new(), RequestedAcs::Default),
        (
            "ProtocolBinding=\"urn:b\"".to_owned(),
            RequestedAcs::Binding("urn:b".to_owned()),
        ),
    ] {
        assert_eq!(
            read_request(&changed(given, &attributes)).unwrap().acs,
            expected
        );
    }
    for bad in ["-1", "65536", "70000", "x"] {
        let xml = changed(given, &format!("AssertionConsumerServiceIndex=\"{bad}\""));
        assert_eq!(
            read_request(&xml).unwrap_err().status().unwrap().top,
            TopStatus::Requester
        );
        assert_eq!(
            RequestHead::read(&root(&xml)).unwrap().acs,
            RequestedAcs::Default,
            "the answer goes to the default"
        );
    }
}

/// Proves AV-REQ-27 for the reader. GetComplete is a string to this crate, which has no network.
#[test]
fn av_req_27_scoping_is_read_without_failing() {
    let from = "<samlp:Scoping ProxyCount=\"2\">";
    let count = |xml: &str| read_request(xml).unwrap().scoping.unwrap().proxy_count;
    assert_eq!(
        count(&changed(from, "<samlp:Scoping ProxyCount=\"0\">")),
        Some(0)
    );
    assert_eq!(
        count(&changed(from, "<samlp:Scoping ProxyCount=\"1\">")),
        Some(1)
    );
    assert_eq!(count(&changed(from, "<samlp:Scoping>")), None);
    let (before, after) = FULL_REQUEST.split_once(from).unwrap();
    let end = "</samlp:AuthnRequest>";
    assert!(after.contains(end));
    let empty = format!("{before}<samlp:Scoping/>{end}");
    assert_eq!(
        read_request(&empty).unwrap().scoping.unwrap().idp_list,
        None
    );
    let list = "<samlp:IDPEntry ProviderID=\"urn:i\"/>".repeat(2_000);
    let huge = format!(
        "{before}<samlp:Scoping><samlp:IDPList>{list}</samlp:IDPList></samlp:Scoping>{end}"
    );
    assert_eq!(
        read_request(&huge)
            .unwrap()
            .scoping
            .unwrap()
            .idp_list
            .unwrap()
            .len(),
        2_000
    );
}

/// Proves AV-REQ-29, IIP-EXT01 for the reader.
#[test]
fn av_req_29_extensions_consent_and_provider_name_are_never_fatal() {
    let markup = "&lt;script&gt;alert(1)&lt;/script&gt;".repeat(20);
    let name = format!("ProviderName=\"{markup}\"");
    let request = read_request(&changed("ProviderName=\"Sample\"", &name)).unwrap();
    assert!(request.provider_name.unwrap().starts_with("<script>"));
    for (from, to) in [
        ("ProviderName=\"Sample\"", "ProviderName=\"\""),
        (
            "Consent=\"urn:oasis:names:tc:SAML:2.0:consent:unspecified\"",
            "Consent=\"x y\"",
        ),
        (
            "<samlp:Extensions>",
            "<samlp:Extensions xmlns:z=\"urn:z\" z:a=\"1\"><z:Request ID=\"_z\" Version=\"9\"/>",
        ),
        (
            "<samlp:Extensions>",
            "<samlp:Extensions>text<!-- remark --><samlp:AuthnRequest/>",
        ),
    ] {
        assert!(reads(&changed(from, to)), "{to}");
    }
    let subject = changed(
        "<saml:NameID Format",
        "<saml:EncryptedID><any xmlns=\"urn:x\"/></saml:EncryptedID><!--",
    )
    .replace("opaque</saml:NameID>", "-->");
    let read = read_request(&subject).unwrap().subject.unwrap();
    assert!(matches!(
        read.identifier,
        Some(SubjectIdentifier::EncryptedId(_))
    ));
}

/// Proves IIP-G02 for the reader.
#[test]
fn iip_g02_strings_of_256_code_points_are_taken_whole() {
    let samples = [
        "漢",
        "e\u{301}",
        "\u{1F600}",
        "\u{10FFFD}",
        "&#9;",
        "&#10;",
        "&#13;",
        "&lt;",
        "&amp;",
        "é",
        "\u{FFFD}",
    ];
    for sample in samples {
        for length in [255, 256] {
            let decoded = root(&format!("<a>{sample}</a>")).text().unwrap().to_owned();
            let repeats = length / decoded.chars().count();
            let text = sample.repeat(repeats);
            let expected = decoded.repeat(repeats);
            let xml = changed(
                "ProviderName=\"Sample\"",
                &format!("ProviderName=\"{text}\""),
            );
            assert_eq!(
                read_request(&xml).unwrap().provider_name,
                Some(expected.clone()),
                "{sample}"
            );
            let xml = changed(">opaque<", &format!(">{text}<"));
            let subject = read_request(&xml).unwrap().subject.unwrap();
            let Some(SubjectIdentifier::NameId(name)) = subject.identifier else {
                panic!()
            };
            assert_eq!(name.value, expected, "{sample}");
        }
    }
}

#[test]
fn confirmation_inside_a_subject_is_noticed() {
    let confirmation =
        "<saml:SubjectConfirmation Method=\"urn:oasis:names:tc:SAML:2.0:cm:bearer\"/>";
    let xml = changed("</saml:Subject>", &format!("{confirmation}</saml:Subject>"));
    assert!(
        read_request(&xml)
            .unwrap()
            .subject
            .unwrap()
            .has_confirmation
    );
    assert!(
        !read_request(FULL_REQUEST)
            .unwrap()
            .subject
            .unwrap()
            .has_confirmation
    );
}

/// White space around what is a URI, a name, an instant or a boolean is none of it, wherever it stands.
#[test]
fn field_40_white_space_collapses_where_the_schema_says_so() {
    let spaced = |value: &str| format!("\"\n\t {value} \"");
    let mut xml = FULL_REQUEST.to_owned();
    for value in [
        "_r1",
        "2026-03-01T12:00:00Z",
        "https://idp.example.org/saml/sso",
        "https://sp.example.org/saml/acs",
        "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST",
        "true",
        "3",
        "urn:oasis:names:tc:SAML:2.0:nameid-format:transient",
        "urn:i1",
    ] {
        let given = format!("\"{value}\"");
        assert!(xml.contains(&given), "{given}");
        xml = xml.replace(&given, &spaced(value));
    }
    for text in [
        "https://sp.example.org/saml</saml:Issuer>",
        "urn:c1</saml:AuthnContextClassRef>",
        "urn:a</saml:Audience>",
        "urn:q1</samlp:RequesterID>",
        "https://list.example.org/all.xml</samlp:GetComplete>",
    ] {
        let (value, end) = text.split_once('<').unwrap();
        assert!(xml.contains(text), "{text}");
        xml = xml.replace(text, &format!("\n  {value}\n<{end}"));
    }
    // libxml2 does not take it off instants and numbers, so its validator is not asked.
    assert_eq!(read_request(&xml), read_request(FULL_REQUEST));
    // Within a name it stays where it is, and is no name then.
    assert!(!reads(&changed("ID=\"_r1\"", "ID=\"_r 1\"")));
    let mixed = changed(">opaque<", "> opaque <");
    let subject = read_request(&mixed).unwrap().subject.unwrap();
    let Some(SubjectIdentifier::NameId(name)) = subject.identifier else {
        panic!("a NameID")
    };
    assert_eq!(name.value, " opaque ", "a plain string is kept");
}

/// An optional attribute that is empty is none.
#[test]
fn field_46_empty_attributes_are_absent() {
    for (given, absent) in [
        (
            "ProtocolBinding=\"urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST\"",
            "ProtocolBinding",
        ),
        (
            "AssertionConsumerServiceURL=\"https://sp.example.org/saml/acs\"",
            "AssertionConsumerServiceURL",
        ),
        (
            "Destination=\"https://idp.example.org/saml/sso\"",
            "Destination",
        ),
        ("ForceAuthn=\"true\"", "ForceAuthn"),
        (
            "AttributeConsumingServiceIndex=\"3\"",
            "AttributeConsumingServiceIndex",
        ),
        (
            "Format=\"urn:oasis:names:tc:SAML:2.0:nameid-format:transient\"",
            "Format",
        ),
        ("ProxyCount=\"2\"", "ProxyCount"),
    ] {
        let empty = changed(given, &format!("{absent}=\"\""));
        let without = changed(given, "");
        assert_eq!(read_request(&empty), read_request(&without), "{absent}");
        assert_ne!(read_request(&empty), read_request(FULL_REQUEST), "{absent}");
    }
    // What has to be there is not there.
    for given in ["ID=\"_r1\"", "IssueInstant=\"2026-03-01T12:00:00Z\""] {
        let name = given.split('=').next().unwrap();
        assert!(!reads(&changed(given, &format!("{name}=\"\""))), "{name}");
    }
}

/// An instant without a zone is UTC, which is said; one with an offset is what it says.
#[test]
fn field_38_instants_without_a_zone_and_with_an_offset() {
    let with = |instant: &str| {
        read_request(&changed(
            "IssueInstant=\"2026-03-01T12:00:00Z\"",
            &format!("IssueInstant=\"{instant}\""),
        ))
    };
    let read = with("2026-03-01T12:00:00").unwrap();
    assert_eq!(read.issue_instant, NOW);
    assert_eq!(
        read.oddities,
        [Oddity::NoZone("2026-03-01T12:00:00".to_owned())]
    );
    for same in [
        "2026-03-01T14:00:00+02:00",
        "2026-03-01T06:30:00.000-05:30",
        "2026-03-01T12:00:00+00:00",
    ] {
        let read = with(same).unwrap();
        assert_eq!(read.issue_instant, NOW, "{same}");
        assert_eq!(read.oddities, []);
    }
    for none in [
        "2026-02-30T12:00:00",
        "2026-03-01T12:00:00+15:00",
        "2026-03-01T12:00:00+2:00",
        "2026-03-01T12:00:00+02",
        "2026-03-01 12:00:00",
        "2026-03-01",
    ] {
        let error = with(none).unwrap_err();
        assert!(error.to_string().contains(none), "{error}");
    }
}

/// Formats that do not exist are read as what they are meant for, and told.
#[test]
fn field_44_formats_of_no_standard_are_their_twins() {
    for (name, meant) in [
        ("unspecified", NameIdFormat::Unspecified),
        ("emailAddress", NameIdFormat::EmailAddress),
    ] {
        let uri = format!("urn:oasis:names:tc:SAML:2.0:nameid-format:{name}");
        let read = read_request(&changed(
            "urn:oasis:names:tc:SAML:2.0:nameid-format:transient",
            &uri,
        ))
        .unwrap();
        assert_eq!(read.name_id_policy.unwrap().format, Some(meant));
        assert_eq!(read.oddities, [Oddity::NoSuchFormat(uri)]);
    }
    let other = changed("nameid-format:transient", "nameid-format:kerberos");
    assert_eq!(read_request(&other).unwrap().oddities, []);
}

/// A NameQualifier that repeats the issuer says nothing, and passes; any other is refused.
#[test]
fn field_41_an_issuer_qualified_by_itself_passes() {
    let with = |qualifier: &str| {
        changed(
            "<saml:Issuer>",
            &format!(
                "<saml:Issuer Format=\"urn:oasis:names:tc:SAML:2.0:nameid-format:entity\" NameQualifier=\"{qualifier}\">"
            ),
        )
    };
    let read = read_request(&with(SP)).unwrap();
    assert_eq!(read.oddities, [Oddity::QualifiedIssuer]);
    assert!(!reads(&with("https://other.example.org")));
}
