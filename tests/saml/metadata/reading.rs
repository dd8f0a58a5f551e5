//! What is read of an SP, and what is made of untidy files.

use avouch_saml::metadata::attributes::{
    SubjectIdRequirement, UNSPECIFIED_NAME_FORMAT, URI_NAME_FORMAT, UnknownAttributeIndex,
};
use avouch_saml::metadata::entity::Untidy;
use avouch_saml::metadata::ui::ContactKind;
use avouch_saml::metadata::{AcsSelector, Binding, Fault, SpMetadata};
use avouch_saml::name_id::NameIdFormat;

use super::keys::descriptor;
use super::{ARTIFACT, PAOS, POST, REDIRECT, Sample, acs, parse};
use crate::security::support::dev_certificate;

/// An SP that says all it can.
fn talkative() -> Sample {
    Sample {
        entity: "entityID='https://sp.example.org/saml' ID='_one' cacheDuration='PT6H' \
                 validUntil='2027-01-01T00:00:00Z'"
            .to_owned(),
        entity_extensions: "<mdrpi:RegistrationInfo registrationAuthority='https://fed.example.org' \
            registrationInstant='2026-01-01T00:00:00Z'><mdrpi:RegistrationPolicy xml:lang='en'>\
            https://fed.example.org/policy</mdrpi:RegistrationPolicy></mdrpi:RegistrationInfo>\
            <mdattr:EntityAttributes><saml:Attribute Name='http://macedir.org/entity-category' \
            NameFormat='urn:oasis:names:tc:SAML:2.0:attrname-format:uri'><saml:AttributeValue>\n\
            http://refeds.org/category/research-and-scholarship\n</saml:AttributeValue></saml:Attribute>\
            </mdattr:EntityAttributes>"
            .to_owned(),
        role: "AuthnRequestsSigned='true' WantAssertionsSigned='1' errorURL='https://sp.example.org/help'"
            .to_owned(),
        role_extensions: "<mdui:UIInfo><mdui:DisplayName xml:lang='en'>Sample App</mdui:DisplayName>\
            <mdui:DisplayName xml:lang='de-CH'>Beispiel</mdui:DisplayName>\
            <mdui:Description xml:lang='en'>What it does</mdui:Description>\
            <mdui:InformationURL xml:lang='en'>https://sp.example.org/about#top</mdui:InformationURL>\
            <mdui:PrivacyStatementURL xml:lang='en'>https://sp.example.org/privacy</mdui:PrivacyStatementURL>\
            <mdui:Logo height='60' width='80'>https://sp.example.org/logo.png</mdui:Logo>\
            <mdui:Logo height='16' width='16' xml:lang='de'>data:image/png;base64,AAAA\n AAAA</mdui:Logo>\
            </mdui:UIInfo>"
            .to_owned(),
        keys: descriptor("use='signing'", &dev_certificate("sp-signing"))
            + &descriptor("use='encryption'", &dev_certificate("sp-encryption")),
        before_acs: format!(
            "<md:SingleLogoutService Binding='{REDIRECT}' Location='https://sp.example.org/slo'/>\
             <md:NameIDFormat>urn:oasis:names:tc:SAML:2.0:nameid-format:persistent</md:NameIDFormat>\
             <md:NameIDFormat> urn:oasis:names:tc:SAML:2.0:nameid-format:transient </md:NameIDFormat>"
        ),
        acs: acs(POST, "https://sp.example.org/acs", "index='3' isDefault='true'")
            + &acs(ARTIFACT, "https://sp.example.org/artifact", "index='4'")
            + &acs(PAOS, "https://sp.example.org/ecp", "index='5'"),
        after_acs: "<md:AttributeConsumingService index='1'><md:ServiceName xml:lang='en'>One</md:ServiceName>\
            <md:ServiceDescription xml:lang='en'>The first</md:ServiceDescription>\
            <md:RequestedAttribute Name='urn:oid:0.9.2342.19200300.100.1.3' FriendlyName='mail' \
            NameFormat='urn:oasis:names:tc:SAML:2.0:attrname-format:uri' isRequired='1'/>\
            <md:RequestedAttribute Name='role'><saml:AttributeValue>staff</saml:AttributeValue>\
            <saml:AttributeValue>guest</saml:AttributeValue></md:RequestedAttribute>\
            </md:AttributeConsumingService>"
            .to_owned(),
        after_role: "<md:Organization><md:OrganizationName xml:lang='en'>Example</md:OrganizationName>\
            <md:OrganizationDisplayName xml:lang='en'>Example Org</md:OrganizationDisplayName>\
            <md:OrganizationURL xml:lang='en'>https://www.example.org/</md:OrganizationURL></md:Organization>\
            <md:ContactPerson contactType='technical'><md:GivenName>Sample</md:GivenName>\
            <md:SurName>Contact One</md:SurName><md:EmailAddress>mailto:sample.contact@example.org</md:EmailAddress>\
            </md:ContactPerson><md:ContactPerson xmlns:remd='http://refeds.org/metadata' contactType='other' \
            remd:contactType='http://refeds.org/metadata/contactType/security'>\
            <md:EmailAddress>sec@example.org</md:EmailAddress></md:ContactPerson>"
            .to_owned(),
    }
}

/// Proves IIP-SSO06, SDP-MD01 for what metadata alone gives: each item is read and has
/// its effect.
#[test]
fn iip_sso06_everything_that_counts_is_read() {
    let sp = talkative().good();
    assert_eq!(sp.entity_id.as_str(), "https://sp.example.org/saml");
    assert_eq!(sp.id.as_deref(), Some("_one"));
    assert_eq!(sp.valid_until.unwrap().to_string(), "2027-01-01T00:00:00Z");
    assert_eq!(sp.cache_seconds, Some(6 * 3600));
    let bindings: Vec<_> = sp.acs.iter().map(|acs| acs.binding().clone()).collect();
    assert_eq!(
        bindings,
        [Binding::HttpPost, Binding::HttpArtifact, Binding::Paos]
    );
    assert_eq!(sp.acs[0].index(), Some(3));
    assert_eq!(sp.acs[0].is_default(), Some(true));
    let slo = sp
        .slo_endpoint(&Binding::HttpRedirect)
        .expect("logout by redirect");
    assert_eq!(
        slo.response_location().as_str(),
        "https://sp.example.org/slo"
    );
    assert!(sp.authn_requests_signed && sp.want_assertions_signed);
    assert_eq!(sp.error_url.as_deref(), Some("https://sp.example.org/help"));
    assert_eq!(
        sp.name_id_formats,
        [NameIdFormat::Persistent, NameIdFormat::Transient]
    );
    assert_eq!(sp.signing_keys().count(), 1);
    assert_eq!(sp.keys.len(), 2);

    let service = &sp.attribute_consuming_services[0];
    assert_eq!(service.index, Some(1));
    assert_eq!(service.service_names[0].text, "One");
    let [mail, role] = service.requested.as_slice() else {
        panic!("two attributes")
    };
    assert_eq!(mail.name, "urn:oid:0.9.2342.19200300.100.1.3");
    assert_eq!(
        (mail.name_format.as_str(), mail.is_required),
        (URI_NAME_FORMAT, true)
    );
    assert_eq!(mail.friendly_name.as_deref(), Some("mail"));
    assert_eq!(
        (role.name_format.as_str(), role.is_required),
        (UNSPECIFIED_NAME_FORMAT, false)
    );
    assert_eq!(role.values, ["staff", "guest"]);

    assert_eq!(sp.display_name(&["de"]), "Beispiel");
    assert_eq!(sp.ui.logos[0].width, 80);
    assert_eq!(sp.ui.logos[1].url, "data:image/png;base64,AAAAAAAA");
    assert_eq!(
        sp.ui.information_urls[0].text,
        "https://sp.example.org/about#top"
    );
    assert_eq!(
        sp.organization.as_ref().unwrap().display_names[0].text,
        "Example Org"
    );
    assert_eq!(sp.contacts[0].emails, ["sample.contact@example.org"]);
    assert_eq!(sp.contacts[1].kind, ContactKind::Security);
    let category = &sp.entity_attributes[0];
    assert_eq!(
        category.values,
        ["http://refeds.org/category/research-and-scholarship"]
    );
    let registration = sp.registration.as_ref().unwrap();
    assert_eq!(registration.authority, "https://fed.example.org");
    assert!(sp.warnings.is_empty(), "{:?}", sp.warnings);
    assert!(sp.ignored.is_empty(), "{:?}", sp.ignored);

    // Each item toggled in metadata alone shows.
    let quiet = Sample::default().good();
    assert!(!quiet.authn_requests_signed && !quiet.want_assertions_signed);
    assert!(quiet.name_id_formats.is_empty() && quiet.keys.is_empty());
}

/// Both spellings of the booleans, and odd ones on the safe side.
#[test]
fn booleans_in_both_spellings() {
    for (text, wanted, warned) in [
        ("true", true, false),
        ("1", true, false),
        ("false", false, false),
        ("0", false, false),
        (" true ", true, false),
        ("True", true, true),
        ("FALSE", false, true),
        ("yes", true, true),
        ("", false, true),
    ] {
        let sample = Sample {
            role: format!("AuthnRequestsSigned='{text}' WantAssertionsSigned='{text}'"),
            keys: descriptor("", &dev_certificate("sp-signing")),
            ..Sample::default()
        };
        let sp = sample.good();
        assert_eq!(sp.authn_requests_signed, wanted, "{text:?}");
        assert_eq!(sp.want_assertions_signed, wanted, "{text:?}");
        assert_eq!(!sp.warnings.is_empty(), warned, "{text:?}");
    }
}

/// A promise to sign without a key is worth a warning: every request would be refused.
#[test]
fn signing_without_a_key_is_a_warning() {
    let sample = Sample {
        role: "AuthnRequestsSigned='true'".to_owned(),
        ..Sample::default()
    };
    let sp = sample.good();
    assert!(sp.authn_requests_signed);
    assert_eq!(sp.warnings[0].what, Untidy::SignsWithoutKey);
}

/// The names of some products hold a space: they are taken byte for byte, with a warning; what only looks
/// like another name stays refused.
#[test]
fn field_32_an_entity_id_with_a_space_inside() {
    let named = |id: &str| Sample {
        entity: format!("entityID='{id}'"),
        ..Sample::default()
    };
    let sp = named("Sample Product SP 2").good();
    assert_eq!(sp.entity_id.as_str(), "Sample Product SP 2");
    assert!(matches!(sp.warnings[0].what, Untidy::SpaceInEntityId(_)));
    let around = named(" https://sp.example.org/saml\n").good();
    assert_eq!(around.entity_id.as_str(), "https://sp.example.org/saml");
    for hidden in ["a\u{a0}b", "a\u{200b}b", "a&#9;b", "a  b", " "] {
        let error = named(hidden).read().expect_err(hidden);
        assert!(matches!(error.fault, Fault::EntityId(_)), "{hidden}");
    }
}

/// Files of real life that no schema would pass, each read with a warning that names the line.
#[test]
fn untidy_files_are_read_with_warnings() {
    let one = "https://sp.example.org/acs";
    let slo =
        format!("<md:SingleLogoutService Binding='{POST}' Location='https://sp.example.org/slo'/>");
    let warns = |sample: Sample| -> (SpMetadata, Vec<Untidy>) {
        let sp = sample.good();
        let whats = sp.warnings.iter().map(|w| w.what.clone()).collect();
        (sp, whats)
    };

    // samlify writes SingleLogoutService after AssertionConsumerService.
    let (sp, what) = warns(Sample {
        after_acs: slo.clone(),
        ..Sample::default()
    });
    assert_eq!(what, [Untidy::Order("SingleLogoutService".to_owned())]);
    assert_eq!(sp.slo.len(), 1);

    let (sp, what) = warns(Sample {
        acs: acs(POST, &format!(" {one}\n"), "index='0'"),
        ..Sample::default()
    });
    assert_eq!(what, [Untidy::Space("Location")]);
    assert_eq!(sp.acs[0].location().as_str(), one);

    let (sp, what) = warns(Sample {
        acs: acs(POST, "http://sp.example.org/acs", "index='0'"),
        ..Sample::default()
    });
    assert!(matches!(what[..], [Untidy::PlainHttp { .. }]));
    assert!(sp.can_be_answered());

    for index in ["", "index='-1'", "index='70000'", "index='x'"] {
        let (sp, what) = warns(Sample {
            acs: acs(POST, one, index),
            ..Sample::default()
        });
        assert!(matches!(what[..], [Untidy::Index { .. }]), "{index}");
        assert_eq!(sp.acs[0].index(), None);
        assert!(sp.choose_acs(&AcsSelector::default()).is_ok());
    }
    for index in ["index='65535'", "index='+7'", "index='007'"] {
        let (_, what) = warns(Sample {
            acs: acs(POST, one, index),
            ..Sample::default()
        });
        assert!(what.is_empty(), "{index}");
    }

    let (sp, what) = warns(Sample {
        before_acs: "<md:NameIDFormat/><md:NameIDFormat>urn:example:own</md:NameIDFormat>".to_owned(),
        after_role: "<md:Organization><md:OrganizationName xml:lang='en'/></md:Organization>\
                     <md:ContactPerson contactType='support'><md:EmailAddress></md:EmailAddress></md:ContactPerson>"
            .to_owned(),
        ..Sample::default()
    });
    assert_eq!(what.len(), 3);
    assert_eq!(
        sp.name_id_formats,
        [NameIdFormat::Other("urn:example:own".to_owned())]
    );

    let (sp, what) = warns(Sample {
        entity: "entityID='https://sp.example.org/saml' validUntil='9999-12-31T23:59:59+01:00' cacheDuration='soon'"
            .to_owned(),
        ..Sample::default()
    });
    assert_eq!(sp.valid_until.unwrap().to_string(), "9999-12-31T22:59:59Z");
    assert!(matches!(
        what[..],
        [Untidy::Offset { .. }, Untidy::Duration(_)]
    ));

    let two_roles = Sample::default().xml().replace(
        "</md:EntityDescriptor>",
        &format!(
            "<md:SPSSODescriptor protocolSupportEnumeration='urn:oasis:names:tc:SAML:2.0:protocol'>{}</md:SPSSODescriptor></md:EntityDescriptor>",
            acs(POST, "https://sp.example.org/second", "index='0'")
        ),
    );
    let sp = parse(&two_roles).expect("the first counts");
    assert_eq!(sp.acs.len(), 1, "roles are never merged");
    assert_eq!(sp.warnings[0].what, Untidy::SecondRole);

    let lines = Sample {
        acs: format!("\n\n{}", acs(POST, one, "")),
        ..Sample::default()
    };
    assert_eq!(lines.good().warnings[0].line, 3);
    assert!(
        lines.good().warnings[0]
            .to_string()
            .starts_with("line 3: AssertionConsumerService has no index")
    );
}

/// Proves E37, E41: default and index are judged per element name; Location serves responses
/// unless ResponseLocation says otherwise.
#[test]
fn e37_e41_indexes_per_element_and_response_locations() {
    let sample = Sample {
        before_acs: format!(
            "<md:ArtifactResolutionService Binding='urn:oasis:names:tc:SAML:2.0:bindings:SOAP' \
             Location='https://sp.example.org/art' index='0' isDefault='true'/>\
             <md:SingleLogoutService Binding='{POST}' Location='https://sp.example.org/slo'/>\
             <md:SingleLogoutService Binding='{REDIRECT}' Location='https://sp.example.org/slo' \
             ResponseLocation='https://sp.example.org/slo/answer'/>"
        ),
        acs: acs(POST, "https://sp.example.org/0", "index='0'")
            + &acs(POST, "https://sp.example.org/1", "index='1' isDefault='true'"),
        after_acs: "<md:AttributeConsumingService index='0' isDefault='true'><md:ServiceName xml:lang='en'>x</md:ServiceName>\
                    <md:RequestedAttribute Name='a'/></md:AttributeConsumingService>"
            .to_owned(),
        ..Sample::default()
    };
    let sp = sample.good();
    assert!(sp.warnings.is_empty(), "{:?}", sp.warnings);
    let by_index = AcsSelector {
        index: Some(0),
        ..AcsSelector::default()
    };
    assert_eq!(
        sp.choose_acs(&by_index).unwrap().location().as_str(),
        "https://sp.example.org/0"
    );
    let default = sp.choose_acs(&AcsSelector::default()).unwrap();
    assert_eq!(default.location().as_str(), "https://sp.example.org/1");
    let at = |binding| {
        sp.slo_endpoint(&binding)
            .unwrap()
            .response_location()
            .to_string()
    };
    assert_eq!(at(Binding::HttpPost), "https://sp.example.org/slo");
    assert_eq!(
        at(Binding::HttpRedirect),
        "https://sp.example.org/slo/answer"
    );

    // Clashing among ACS themselves: the first one has the number.
    let clash = Sample {
        acs: acs(POST, "https://sp.example.org/0", "index='7'")
            + &acs(POST, "https://sp.example.org/1", "index='7'"),
        ..Sample::default()
    };
    let sp = clash.good();
    let by_index = AcsSelector {
        index: Some(7),
        ..AcsSelector::default()
    };
    assert_eq!(
        sp.choose_acs(&by_index).unwrap().location().as_str(),
        "https://sp.example.org/0"
    );
    assert_eq!(sp.warnings.len(), 1);
}

/// Proves AV-REQ-28 for the choice: by index, by default, unknown.
#[test]
fn av_req_28_the_index_selects_the_attributes() {
    let service = |index: &str, rest: &str, attribute: &str| {
        format!(
            "<md:AttributeConsumingService index='{index}' {rest}><md:ServiceName xml:lang='en'>x</md:ServiceName>\
             <md:RequestedAttribute Name='{attribute}'/></md:AttributeConsumingService>"
        )
    };
    let sample = Sample {
        after_acs: service("1", "isDefault='false'", "one")
            + &service("2", "", "two")
            + &service("3", "isDefault='true'", "three"),
        ..Sample::default()
    };
    let sp = sample.good();
    let asked = |index| {
        sp.choose_attribute_service(index)
            .map(|service| service.unwrap().requested[0].name.as_str())
    };
    assert_eq!(asked(Some(1)), Ok("one"));
    assert_eq!(asked(Some(2)), Ok("two"));
    assert_eq!(asked(None), Ok("three"));
    assert_eq!(asked(Some(9)), Err(UnknownAttributeIndex(9)));
    let none = Sample::default().good();
    assert_eq!(none.choose_attribute_service(None), Ok(None));
    assert!(none.choose_attribute_service(Some(0)).is_err());
    // Values that cannot be read must not become "any value".
    let unreadable = Sample {
        after_acs: "<md:AttributeConsumingService index='1'><md:ServiceName xml:lang='en'>x</md:ServiceName>\
             <md:RequestedAttribute Name='a'><saml:AttributeValue><b/></saml:AttributeValue></md:RequestedAttribute>\
             </md:AttributeConsumingService>"
            .to_owned(),
        ..Sample::default()
    };
    assert!(
        unreadable.good().attribute_consuming_services[0]
            .requested
            .is_empty()
    );
}

fn requirement(name: &str, format: &str, values: &[&str]) -> Option<SubjectIdRequirement> {
    let values: String = values
        .iter()
        .map(|v| format!("<saml:AttributeValue>{v}</saml:AttributeValue>"))
        .collect();
    let sample = Sample {
        entity_extensions: format!(
            "<mdattr:EntityAttributes><saml:Attribute Name='{name}' NameFormat='{format}'>{values}</saml:Attribute></mdattr:EntityAttributes>"
        ),
        ..Sample::default()
    };
    sample.good().subject_id_requirement
}

/// Proves AV-SID-05: four values; absent, unknown and double are none.
#[test]
fn av_sid_05_the_subject_identifier_signal() {
    let name = "urn:oasis:names:tc:SAML:profiles:subject-id:req";
    for (value, wanted) in [
        ("subject-id", Some(SubjectIdRequirement::SubjectId)),
        ("pairwise-id", Some(SubjectIdRequirement::PairwiseId)),
        ("any", Some(SubjectIdRequirement::Any)),
        ("none", Some(SubjectIdRequirement::None)),
        ("\n any \n", Some(SubjectIdRequirement::Any)),
        ("Any", None),
        ("unknown", None),
        ("", None),
    ] {
        assert_eq!(
            requirement(name, URI_NAME_FORMAT, &[value]),
            wanted,
            "{value}"
        );
    }
    assert_eq!(
        requirement(name, URI_NAME_FORMAT, &["subject-id", "pairwise-id"]),
        None
    );
    assert_eq!(requirement(name, URI_NAME_FORMAT, &[]), None);
    assert_eq!(
        requirement(name, UNSPECIFIED_NAME_FORMAT, &["any"]),
        None,
        "another NameFormat"
    );
    let other = "urn:oasis:names:tc:SAML:attribute:subject-id:req";
    assert_eq!(
        requirement(other, URI_NAME_FORMAT, &["any"]),
        None,
        "another name"
    );
    assert_eq!(Sample::default().good().subject_id_requirement, None);
}

/// Proves AV-SEC-49: what an SP claims about itself can be taken off, and nothing it might claim
/// beyond (scopes, identifier formats as permissions) is read at all.
#[test]
fn av_sec_49_claims_can_be_taken_off() {
    let mut sample = talkative();
    sample.entity_extensions += "<shibmd:Scope xmlns:shibmd='urn:mace:shibboleth:metadata:1.0' regexp='false'>example.org</shibmd:Scope>";
    let mut sp = sample.good();
    assert!(!sp.entity_attributes.is_empty() && sp.registration.is_some());
    assert!(sp.ignored.iter().any(|name| name.ends_with("}Scope")));
    sp.strip_claims();
    assert!(sp.entity_attributes.is_empty() && sp.registration.is_none());
    assert_eq!(sp.subject_id_requirement, None);
    assert!(sp.can_be_answered(), "the rest stays");
}

/// Proves AV-MDC-14: UI name by language, service name, host; URLs only of schemes that are safe
/// to link.
#[test]
fn av_mdc_14_names_and_links() {
    let sp = talkative().good();
    for (languages, wanted) in [
        (&["de-CH"][..], "Beispiel"),
        (&["de"], "Beispiel"),
        (&["fr", "de"], "Beispiel"),
        (&["fr"], "Sample App"),
        (&[], "Sample App"),
    ] {
        assert_eq!(sp.display_name(languages), wanted, "{languages:?}");
    }
    let mut sample = talkative();
    sample.role_extensions.clear();
    assert_eq!(sample.good().display_name(&["en"]), "One");
    sample.after_acs.clear();
    assert_eq!(sample.good().display_name(&["en"]), "sp.example.org");
    sample.entity = "entityID='urn:example:sp'".to_owned();
    assert_eq!(sample.good().display_name(&["en"]), "urn:example:sp");
}

/// What is not metadata, or not usable, says on which line and why.
#[test]
fn refusals_name_line_and_reason() {
    let fault = |xml: &str| parse(xml).expect_err(xml).fault;
    assert!(matches!(fault("<Metadata/>"), Fault::NotMetadata { .. }));
    assert!(matches!(fault("not xml"), Fault::Xml(_)));
    let whole = Sample::default().xml();
    assert!(matches!(fault(&whole[..whole.len() - 5]), Fault::Xml(_)));
    assert!(matches!(
        fault(&whole.replace("entityID=", "entityId=")),
        Fault::EntityId(_)
    ));
    let other = whole.replace("SAML:2.0:protocol", "SAML:1.1:protocol");
    assert_eq!(fault(&other), Fault::NoSpRole);
    let idp = whole.replace("SPSSODescriptor", "IDPSSODescriptor");
    assert!(matches!(fault(&idp), Fault::IdentityProvider(_)));
    let none = Sample {
        acs: String::new(),
        ..Sample::default()
    };
    let fault_of_none = none.read().expect_err("no ACS").fault;
    assert_eq!(fault_of_none, Fault::NoAcs { dropped: vec![] });

    let error = parse(&format!("\n\n<!-- -->\n{}", none.xml())).expect_err("no ACS");
    assert_eq!(error.line, 4);
    assert_eq!(
        error.to_string(),
        "line 4: there is no usable AssertionConsumerService"
    );
    assert_eq!(
        error.entity_id.unwrap().as_str(),
        "https://sp.example.org/saml"
    );
}
