//! What this identity provider says about itself.

use avouch_saml::ids::EntityId;
use avouch_saml::metadata::algorithms::SigningMethod;
use avouch_saml::metadata::attributes::{EntityAttribute, Registration, URI_NAME_FORMAT};
use avouch_saml::metadata::endpoint::Endpoint;
use avouch_saml::metadata::idp::{IdpMetadataError, accepted_algorithms, accepted_encryption};
use avouch_saml::metadata::key_descriptor::KeyUse;
use avouch_saml::metadata::ui::{Contact, ContactKind, Localized, Logo, Organization, UiInfo};
use avouch_saml::metadata::{Binding, IdpKey, IdpMetadata};
use avouch_saml::name_id::NameIdFormat;
use avouch_saml::security::algorithm::{AlgorithmPolicy, Purpose, SignatureAlgorithm};
use avouch_saml::security::sign::sign_enveloped;
use avouch_saml::security::verify::verify_enveloped;
use avouch_saml::time::Timestamp;
use avouch_saml::xml::limits::Limits;
use avouch_saml::xml::names::{ALG, DS, MD, MDUI, SAMLP, SHIBMD, XENC};
use avouch_saml::xml::reader::{Element, parse};

use super::reading;
use crate::schema::assert_schema_valid;
use crate::security::support::{dev_certificate, dev_signer, verify, xmlsec1_verifies};

const ROOT: &str = "urn:oasis:names:tc:SAML:2.0:metadata:EntityDescriptor";

pub(super) fn text(lang: &str, text: &str) -> Localized {
    Localized {
        lang: lang.to_owned(),
        text: text.to_owned(),
    }
}

pub(super) fn contact(kind: ContactKind) -> Contact {
    Contact {
        kind,
        company: Some("Example <Org>".to_owned()),
        given_name: Some("Sample".to_owned()),
        surname: Some("Contact One".to_owned()),
        emails: vec!["sample.contact@example.org".to_owned()],
        telephones: Vec::new(),
    }
}

/// Everything that can be said.
pub(super) fn full() -> IdpMetadata {
    let policy = AlgorithmPolicy::default();
    let sso = |binding, path: &str| {
        let location = format!("https://idp.example.org/saml/{path}");
        Endpoint::register(binding, &location, None).unwrap()
    };
    IdpMetadata {
        entity_id: EntityId::parse("https://idp.example.org/saml/metadata").unwrap(),
        valid_until: Timestamp::parse("2026-06-15T00:00:00Z"),
        cache_seconds: Some(3600),
        keys: vec![
            IdpKey::signing(dev_certificate("idp-rsa3072")),
            IdpKey::signing(dev_certificate("idp-p256")),
            IdpKey {
                usage: KeyUse::Encryption,
                certificate: dev_certificate("idp-rsa2048"),
                encryption_methods: accepted_encryption(&policy),
            },
        ],
        sso: vec![
            sso(Binding::HttpRedirect, "sso"),
            sso(Binding::HttpPost, "sso"),
        ],
        slo: Vec::new(),
        name_id_formats: vec![
            NameIdFormat::Persistent,
            NameIdFormat::Transient,
            NameIdFormat::EmailAddress,
        ],
        want_authn_requests_signed: false,
        error_url: Some("https://idp.example.org/error-help?code=ERRORURL_CODE".to_owned()),
        scopes: vec!["example.org".to_owned(), "staff.example.org".to_owned()],
        ui: UiInfo {
            display_names: vec![text("en", "Example & Sons"), text("de", "Beispiel 漢字")],
            descriptions: vec![text("en", "Staff <b>log in</b> here")],
            keywords: Vec::new(),
            information_urls: vec![text("en", "https://www.example.org/login?a=1&b=2")],
            privacy_statement_urls: vec![text("en", "https://www.example.org/privacy")],
            logos: vec![Logo {
                url: "https://www.example.org/logo.png".to_owned(),
                lang: None,
                width: 80,
                height: 60,
            }],
        },
        organization: Some(Organization {
            names: vec![text("en", "Example")],
            display_names: vec![text("en", "Example Organisation")],
            urls: vec![text("en", "https://www.example.org/")],
        }),
        contacts: vec![
            contact(ContactKind::Technical),
            contact(ContactKind::Support),
            contact(ContactKind::Security),
        ],
        entity_attributes: vec![EntityAttribute {
            name: "http://macedir.org/entity-category-support".to_owned(),
            name_format: URI_NAME_FORMAT.to_owned(),
            values: vec!["http://refeds.org/category/research-and-scholarship".to_owned()],
        }],
        registration: Some(Registration {
            authority: "https://federation.example.org".to_owned(),
            instant: Timestamp::parse("2026-01-02T03:04:05Z"),
            policies: vec![text("en", "https://federation.example.org/policy")],
        }),
        algorithms: accepted_algorithms(&policy),
    }
}

/// The least that can be said.
fn minimal() -> IdpMetadata {
    let full = full();
    IdpMetadata {
        valid_until: None,
        cache_seconds: None,
        keys: full.keys[..1].to_vec(),
        name_id_formats: Vec::new(),
        error_url: None,
        scopes: Vec::new(),
        ui: UiInfo::default(),
        organization: None,
        contacts: Vec::new(),
        entity_attributes: Vec::new(),
        registration: None,
        algorithms: accepted_algorithms(&AlgorithmPolicy::default()),
        ..full
    }
}

fn signed(metadata: &IdpMetadata) -> String {
    let unsigned = metadata.to_unsigned().expect("good metadata");
    let signed = sign_enveloped(unsigned, &dev_signer("idp-p256")).expect("signed");
    String::from_utf8(signed.into_bytes()).unwrap()
}

fn tree(xml: &str) -> Element {
    parse(xml.as_bytes(), &Limits::METADATA).expect("well-formed")
}

fn role(root: &Element) -> &Element {
    root.first(MD, "IDPSSODescriptor").expect("the role")
}

/// Proves AV-MDP-01, AV-RSP-03: an EntityDescriptor with ID, validity and an enveloped signature
/// as its first child, valid by the schemas and by a second implementation's verdict.
#[test]
fn av_mdp_01_signed_schema_valid_and_verified_by_another_implementation() {
    for metadata in [full(), minimal()] {
        let xml = signed(&metadata);
        assert_schema_valid(xml.as_bytes());
        assert!(!xml.contains("<!DOCTYPE"));
        assert!(xmlsec1_verifies(&xml, "idp-p256", ROOT));
        assert!(!xmlsec1_verifies(
            &xml.replace("/saml/sso", "/saml/sss"),
            "idp-p256",
            ROOT
        ));
        let root = tree(&xml);
        assert!(root.is(MD, "EntityDescriptor"));
        let first = root.elements().next().expect("a child");
        assert!(first.is(DS, "Signature"));
        let id = root.attr("ID").expect("an ID");
        assert!(xml.contains(&format!("<ds:Reference URI=\"#{id}\">")));
        verify(&xml, "idp-p256").expect("by our own reader too");
    }
    let root = tree(&signed(&full()));
    assert_eq!(root.attr("validUntil"), Some("2026-06-15T00:00:00Z"));
    assert_eq!(root.attr("cacheDuration"), Some("PT3600S"));
}

/// Proves AV-MDP-02.
#[test]
fn av_mdp_02_saml2_role_without_response_locations() {
    let xml = signed(&full());
    let root = tree(&xml);
    assert_eq!(role(&root).attr("protocolSupportEnumeration"), Some(SAMLP));
    assert!(!xml.contains("ResponseLocation"));
}

/// Proves AV-MDP-03, SDP-MD05, SDP-MD08: one X.509 key a KeyDescriptor, each with its use, all
/// active and next keys there.
#[test]
fn av_mdp_03_one_key_a_descriptor_with_use() {
    let metadata = full();
    let root = tree(&signed(&metadata));
    let descriptors: Vec<_> = role(&root).all(MD, "KeyDescriptor").collect();
    assert_eq!(descriptors.len(), metadata.keys.len());
    for (descriptor, key) in descriptors.iter().zip(&metadata.keys) {
        let wanted = if key.usage == KeyUse::Signing {
            "signing"
        } else {
            "encryption"
        };
        assert_eq!(descriptor.attr("use"), Some(wanted));
        let data: Vec<_> = descriptor
            .first(DS, "KeyInfo")
            .expect("KeyInfo")
            .all(DS, "X509Data")
            .flat_map(|data| data.all(DS, "X509Certificate"))
            .collect();
        assert_eq!(data.len(), 1);
        assert_eq!(data[0].text().unwrap(), key.certificate.base64());
    }
    let none = IdpMetadata {
        keys: Vec::new(),
        ..metadata
    };
    assert_eq!(
        none.to_unsigned().err(),
        Some(IdpMetadataError::NoSigningKey)
    );
}

/// Proves AV-MDP-05: the key that signs the metadata need not be one of those in it.
#[test]
fn av_mdp_05_the_metadata_key_can_differ() {
    let metadata = minimal();
    let xml = signed(&metadata);
    let signer = dev_certificate("idp-p256");
    assert!(metadata.keys.iter().all(|key| key.certificate != signer));
    let read = IdpMetadata::parse(xml.as_bytes(), &reading()).unwrap();
    assert_eq!(read.keys, metadata.keys);
}

/// Proves AV-MDP-06, SDP-IDP33, SDP-MD11: all that can be configured is there.
#[test]
fn av_mdp_06_everything_configurable_is_written() {
    let root = tree(&signed(&full()));
    let role = role(&root);
    let extensions = role.first(MD, "Extensions").expect("extensions");
    let ui: Vec<_> = extensions.all(MDUI, "UIInfo").collect();
    assert_eq!(ui.len(), 1, "one UIInfo a role");
    assert_eq!(ui[0].all(MDUI, "DisplayName").count(), 2);
    assert!(ui[0].first(MDUI, "Logo").is_some());
    assert_eq!(
        role.attr("errorURL"),
        Some("https://idp.example.org/error-help?code=ERRORURL_CODE")
    );
    let formats: Vec<_> = role
        .all(MD, "NameIDFormat")
        .map(|f| f.text().unwrap())
        .collect();
    assert_eq!(formats[0], NameIdFormat::Persistent.uri());
    assert_eq!(formats.len(), 3);
    let sso: Vec<_> = role
        .all(MD, "SingleSignOnService")
        .filter_map(|s| s.attr("Binding"))
        .collect();
    assert_eq!(sso, [Binding::HttpRedirect.uri(), Binding::HttpPost.uri()]);
    let contacts: Vec<_> = root.all(MD, "ContactPerson").collect();
    let kinds: Vec<_> = contacts
        .iter()
        .filter_map(|c| c.attr("contactType"))
        .collect();
    assert_eq!(kinds, ["technical", "support", "other"]);
    assert_eq!(
        contacts[2].attr_ns("http://refeds.org/metadata", "contactType"),
        Some("http://refeds.org/metadata/contactType/security")
    );
    let mail = contacts[0]
        .first(MD, "EmailAddress")
        .expect("a mail address");
    assert_eq!(mail.text().unwrap(), "mailto:sample.contact@example.org");
    assert!(root.first(MD, "Organization").is_some());
}

/// Proves SDP-IDP14: scopes are listed as plain domains, never as patterns.
#[test]
fn sdp_idp14_scopes_are_plain_domains() {
    let root = tree(&signed(&full()));
    let extensions = role(&root).first(MD, "Extensions").expect("extensions");
    let scopes: Vec<_> = extensions.all(SHIBMD, "Scope").collect();
    let names: Vec<_> = scopes.iter().map(|s| s.text().unwrap()).collect();
    assert_eq!(names, ["example.org", "staff.example.org"]);
    assert!(scopes.iter().all(|s| s.attr("regexp") == Some("false")));
    for bad in [
        "^.+$",
        "*.example.org",
        ".example.org",
        "a b",
        "",
        "exa_mple",
    ] {
        let metadata = IdpMetadata {
            scopes: vec![bad.to_owned()],
            ..full()
        };
        let error = metadata.to_unsigned().err();
        assert_eq!(error, Some(IdpMetadataError::Scope(bad.to_owned())));
    }
}

/// Proves AV-MDP-07, SDP-MD09, SDP-MD10: names and a logo with its size, over https or inline.
#[test]
fn av_mdp_07_logos_have_sizes_and_safe_addresses() {
    let with = |url: &str, width| {
        let mut metadata = full();
        metadata.ui.logos[0].url = url.to_owned();
        metadata.ui.logos[0].width = width;
        metadata
            .to_unsigned()
            .map(|unsigned| unsigned.as_bytes().to_vec())
    };
    let inline = format!("data:image/png;base64,{}", "iVBORw0KGgo".repeat(400));
    for good in ["https://www.example.org/l.png", &inline] {
        assert_schema_valid(&with(good, 16).expect("accepted"));
    }
    assert_eq!(
        with("https://www.example.org/l.png", 0),
        Err(IdpMetadataError::LogoSize)
    );
    for bad in [
        "http://www.example.org/l.png",
        "javascript:alert(1)",
        "data:text/html,x",
        "l.png",
    ] {
        let error = with(bad, 16).expect_err(bad);
        assert!(matches!(error, IdpMetadataError::Url { what: "Logo", .. }));
    }
    let mut twice = full();
    twice.ui.display_names.push(text("EN", "Again"));
    assert!(matches!(
        twice.to_unsigned().err(),
        Some(IdpMetadataError::RepeatedLanguage { .. })
    ));
}

/// Proves AV-MDP-08: the same content is the same document; another content has another ID.
#[test]
fn av_mdp_08_stable_until_something_changes() {
    let bytes = |metadata: &IdpMetadata| metadata.to_unsigned().unwrap().as_bytes().to_vec();
    assert_eq!(bytes(&full()), bytes(&full()));
    let id = |metadata: &IdpMetadata| metadata.to_unsigned().unwrap().id().to_string();
    let later = IdpMetadata {
        valid_until: Timestamp::parse("2026-06-16T00:00:00Z"),
        ..full()
    };
    assert_ne!(id(&full()), id(&later));
}

/// Proves SDP-MD04: what is off is not there.
#[test]
fn sdp_md04_nothing_that_is_off_is_advertised() {
    let xml = signed(&minimal());
    for absent in [
        "SingleLogoutService",
        "ArtifactResolutionService",
        "ManageNameIDService",
        "NameIDMappingService",
        "SOAP",
        "PAOS",
        "HTTP-Artifact",
        "use=\"encryption\"",
        "EncryptionMethod",
        "WantAuthnRequestsSigned=\"true\"",
        "Scope",
    ] {
        assert!(!xml.contains(absent), "{absent}");
    }
    let mut on = minimal();
    on.slo = vec![
        Endpoint::register(
            Binding::HttpRedirect,
            "https://idp.example.org/saml/slo",
            None,
        )
        .unwrap(),
    ];
    on.want_authn_requests_signed = true;
    let xml = signed(&on);
    assert!(
        xml.contains("SingleLogoutService") && xml.contains("WantAuthnRequestsSigned=\"true\"")
    );
    assert_schema_valid(xml.as_bytes());
}

/// Proves SDP-MD06, SDP-MD07 for own keys, SDP-G04 for the entity ID.
#[test]
fn sdp_md06_weak_keys_and_bad_entity_ids_are_not_published() {
    let weak = IdpMetadata {
        keys: vec![IdpKey::signing(super::weak_certificate())],
        ..full()
    };
    assert!(matches!(
        weak.to_unsigned().err(),
        Some(IdpMetadataError::Key(_))
    ));
    let long = format!("https://idp.example.org/{}", "x".repeat(250));
    for bad in ["relative", long.as_str()] {
        let metadata = IdpMetadata {
            entity_id: EntityId::parse(bad).unwrap(),
            ..full()
        };
        assert!(matches!(
            metadata.to_unsigned().err(),
            Some(IdpMetadataError::EntityId(_))
        ));
    }
}

/// Proves IIP-MD09: the lists equal the running policy, strongest first, and follow it.
#[test]
fn iip_md09_algorithms_follow_the_policy() {
    let root = tree(&signed(&full()));
    let extensions = root.first(MD, "Extensions").expect("extensions");
    let listed = |name: &str| -> Vec<String> {
        let elements = extensions.elements().filter(|e| e.is(ALG, name));
        elements
            .filter_map(|e| e.attr("Algorithm"))
            .map(str::to_owned)
            .collect()
    };
    let signing = listed("SigningMethod");
    let policy = AlgorithmPolicy::default();
    for algorithm in SignatureAlgorithm::ALL {
        let is_listed = signing.iter().any(|uri| uri == algorithm.uri());
        assert_eq!(
            is_listed,
            policy.permits_signature(algorithm),
            "{algorithm:?}"
        );
    }
    assert_eq!(signing[0], SignatureAlgorithm::EcdsaSha512.uri());
    assert_eq!(listed("DigestMethod").len(), 3);
    let encryption: Vec<_> = role(&root)
        .all(MD, "KeyDescriptor")
        .flat_map(|key| key.all(MD, "EncryptionMethod"))
        .filter_map(|method| method.attr("Algorithm"))
        .collect();
    assert_eq!(encryption.len(), 4);
    assert!(encryption.contains(&"http://www.w3.org/2009/xmlenc11#aes256-gcm"));

    let mut narrow = AlgorithmPolicy::default();
    narrow
        .block(Purpose::Signature, SignatureAlgorithm::RsaSha512.uri())
        .unwrap();
    narrow
        .block(
            Purpose::DataEncryption,
            "http://www.w3.org/2009/xmlenc11#aes256-gcm",
        )
        .unwrap();
    let has = |method: &SigningMethod| method.algorithm == SignatureAlgorithm::RsaSha512.uri();
    assert!(!accepted_algorithms(&narrow).signing.iter().any(has));
    assert_eq!(accepted_encryption(&narrow).len(), 3);

    let mut weak = AlgorithmPolicy::default();
    weak.allow_danger_sha1_signatures();
    weak.allow_danger_cbc();
    assert_eq!(
        accepted_algorithms(&weak),
        accepted_algorithms(&policy),
        "SHA-1 is never offered"
    );
    assert!(
        accepted_encryption(&weak)
            .iter()
            .all(|m| !m.algorithm.starts_with(XENC) || m.algorithm.contains("oaep"))
    );
}

#[test]
fn reading_what_was_written_gives_the_same() {
    for metadata in [full(), minimal()] {
        let read = IdpMetadata::parse(signed(&metadata).as_bytes(), &reading()).unwrap();
        assert_eq!(read, metadata);
    }
}

/// Proves AV-MDP-04: through a rollover, an SP that holds last step's metadata still verifies what
/// this step signs, and a compromised key is gone from the next document at once.
#[test]
fn av_mdp_04_rollover_with_a_caching_sp() {
    let publish = |names: &[&str]| {
        let keys = names
            .iter()
            .map(|name| IdpKey::signing(dev_certificate(name)));
        let metadata = IdpMetadata {
            keys: keys.collect(),
            ..minimal()
        };
        IdpMetadata::parse(signed(&metadata).as_bytes(), &reading()).expect("read by the SP")
    };
    let verifies = |cached: &IdpMetadata, signer: &str| {
        let keys: Vec<_> = cached
            .keys
            .iter()
            .filter(|key| key.usage.signs())
            .map(|key| key.certificate.public_key().unwrap())
            .collect();
        let message = crate::security::support::signed(
            crate::security::support::authn_request("https://idp.example.org", "x"),
            &dev_signer(signer),
        );
        let policy = AlgorithmPolicy::default();
        verify_enveloped(message.as_bytes(), &keys, &policy, &Limits::MESSAGE).is_ok()
    };
    let (old, new) = ("idp-rsa2048", "idp-rsa3072");
    // What is published, and which key signs meanwhile.
    let steps = [
        (&[old][..], old),
        (&[old, new], old),
        (&[new, old], new),
        (&[new], new),
    ];
    let mut cached = publish(steps[0].0);
    for (published, signer) in steps {
        assert!(
            verifies(&cached, signer),
            "{published:?} with last step's metadata"
        );
        cached = publish(published);
        assert!(verifies(&cached, signer), "{published:?}");
    }
    assert!(!verifies(&cached, old), "the old key is forgotten");
    // Compromised: removed from the document, and no SP that reads it takes it any more.
    let after = publish(&["idp-p256"]);
    assert!(!verifies(&after, new) && verifies(&after, "idp-p256"));
    // Without the step in between, a caching SP would have refused.
    assert!(!verifies(&publish(&[old]), new));
}
