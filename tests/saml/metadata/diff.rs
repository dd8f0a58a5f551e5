//! What importing again would change.

use avouch_saml::metadata::{Change, SpMetadata, diff};

use super::keys::descriptor;
use super::{POST, Sample, acs};
use crate::security::support::dev_certificate;

fn base() -> Sample {
    Sample {
        role: "AuthnRequestsSigned='true' WantAssertionsSigned='true'".to_owned(),
        keys: descriptor("use='signing'", &dev_certificate("sp-signing"))
            + &descriptor("use='encryption'", &dev_certificate("sp-encryption")),
        ..Sample::default()
    }
}

fn changes(change: impl FnOnce(&mut Sample)) -> Vec<Change> {
    let old: SpMetadata = base().good();
    let mut new = base();
    change(&mut new);
    diff(&old, &new.good())
}

#[test]
fn nothing_changed_is_nothing() {
    assert!(changes(|_| {}).is_empty());
    let untidy = changes(|s| s.after_role = "<md:Unknown/>".to_owned());
    assert!(
        untidy.is_empty(),
        "what has no effect is no change: {untidy:?}"
    );
}

#[test]
fn safe_changes() {
    let signing = descriptor("use='signing'", &dev_certificate("sp-signing-p256"));
    let found = changes(|s| s.keys += &signing);
    assert!(
        matches!(&found[..], [Change::SigningKeyAdded(_)]),
        "{found:?}"
    );
    let found = changes(|s| {
        s.after_role = "<md:ContactPerson contactType='support'><md:EmailAddress>a@example.org</md:EmailAddress></md:ContactPerson>".to_owned();
    });
    assert_eq!(found, [Change::Contacts]);
    let found = changes(|s| s.acs += &acs(POST, "https://sp.example.org/second", "index='1'"));
    assert_eq!(
        found,
        [Change::AcsAdded("https://sp.example.org/second".to_owned())]
    );
    for change in found {
        assert!(!change.is_risky() && !change.to_string().is_empty());
    }
}

/// Proves AV-SEC-52 for what is told apart: a copy published earlier, or good for less long.
#[test]
fn av_sec_52_an_older_copy_is_risky() {
    let published = |at: &str| {
        let mut sample = base();
        sample.entity_extensions =
            format!("<mdrpi:PublicationInfo publisher='p' creationInstant='{at}'/>");
        sample.good()
    };
    let (early, late) = (
        published("2026-01-01T00:00:00Z"),
        published("2026-02-01T00:00:00Z"),
    );
    let found = diff(&late, &early);
    assert!(
        matches!(&found[..], [Change::Older(_)]) && found[0].is_risky(),
        "{found:?}"
    );
    assert_eq!(diff(&early, &late), []);
    let good_until = |at: &str| {
        let mut sample = base();
        sample.entity.push_str(&format!(" validUntil='{at}'"));
        sample.good()
    };
    let (early, late) = (
        good_until("2026-07-01T00:00:00Z"),
        good_until("2026-08-01T00:00:00Z"),
    );
    assert!(matches!(&diff(&late, &early)[..], [Change::Older(_)]));
    assert_eq!(diff(&early, &late), [Change::Validity]);
}

#[test]
fn risky_changes_come_first() {
    let found = changes(|s| {
        s.acs = acs(POST, "https://evil.example.net/acs", "index='0'");
        s.after_role = "<md:ContactPerson contactType='support'><md:EmailAddress>a@example.org</md:EmailAddress></md:ContactPerson>".to_owned();
    });
    let host = "https://evil.example.net/acs".to_owned();
    assert_eq!(found[0], Change::AcsHost(host.clone()));
    assert!(found.contains(&Change::DefaultAcs(host)));
    assert!(found.contains(&Change::AcsRemoved("https://sp.example.org/acs".to_owned())));
    assert!(found.contains(&Change::Contacts));

    let http = changes(|s| s.acs = acs(POST, "http://sp.example.org/acs", "index='0'"));
    assert!(
        matches!(http[0], Change::AcsHost(_)),
        "without TLS it is another place"
    );
    let port = changes(|s| s.acs += &acs(POST, "https://sp.example.org:8443/acs", "index='1'"));
    assert!(matches!(port[0], Change::AcsHost(_)));

    let other = dev_certificate("idp-rsa2048");
    let encryption = descriptor("use='encryption'", &dev_certificate("sp-encryption"));
    let signing = descriptor("use='signing'", &dev_certificate("sp-signing"));
    let replaced = changes(|s| s.keys = descriptor("use='signing'", &other) + &encryption);
    assert_eq!(replaced[0], Change::SigningKeysReplaced);
    let named = |key: &str| {
        let fingerprint = dev_certificate(key).fingerprint();
        move |change: &Change| change.is_of_keys() && change.to_string().contains(&fingerprint)
    };
    assert!(
        replaced[1..].iter().any(named("idp-rsa2048")),
        "{replaced:?}"
    );
    assert!(
        replaced[1..].iter().any(named("sp-signing")),
        "{replaced:?}"
    );
    let dropped = changes(|s| s.keys.clone_from(&signing));
    assert_eq!(dropped, [Change::EncryptionDropped]);
    let replaced = changes(|s| s.keys = signing.clone() + &descriptor("use='encryption'", &other));
    assert!(replaced.contains(&Change::EncryptionKeysReplaced));
    let replaced: Vec<Change> = replaced.into_iter().filter(|c| !c.is_of_keys()).collect();
    let entity = changes(|s| s.entity = "entityID='https://other.example.org/'".to_owned());
    assert!(matches!(entity[..], [Change::EntityId { .. }]));
    let unsigned = changes(|s| s.role = "WantAssertionsSigned='false'".to_owned());
    assert_eq!(
        unsigned,
        [
            Change::AuthnRequestsSigned(false),
            Change::WantAssertionsSigned(false)
        ]
    );
    let asks = changes(|s| {
        s.after_acs = "<md:AttributeConsumingService index='0'><md:ServiceName xml:lang='en'>x</md:ServiceName><md:RequestedAttribute Name='mail'/></md:AttributeConsumingService>".to_owned();
    });
    assert_eq!(asks, [Change::AttributeRequested("mail".to_owned())]);
    let claims = changes(|s| {
        s.entity_extensions = "<mdattr:EntityAttributes><saml:Attribute Name='category'><saml:AttributeValue>one</saml:AttributeValue></saml:Attribute></mdattr:EntityAttributes>".to_owned();
    });
    assert_eq!(
        claims,
        [Change::EntityAttributeAdded("category = one".to_owned())]
    );
    for found in [replaced, dropped, entity, unsigned, asks, claims] {
        assert!(found.iter().all(Change::is_risky), "{found:?}");
    }
}

/// Proves AV-SEC-49: what could widen release is told apart from the rest.
#[test]
fn av_sec_49_changes_that_concern_release() {
    let claim = "<mdattr:EntityAttributes><saml:Attribute Name='category'><saml:AttributeValue>one</saml:AttributeValue></saml:Attribute></mdattr:EntityAttributes>";
    let service = "<md:AttributeConsumingService index='0'><md:ServiceName xml:lang='en'>x</md:ServiceName><md:RequestedAttribute Name='mail'/></md:AttributeConsumingService>";
    let formats =
        "<md:NameIDFormat>urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress</md:NameIDFormat>";
    for found in [
        changes(|s| s.entity_extensions = claim.to_owned()),
        changes(|s| s.after_acs = service.to_owned()),
        changes(|s| s.before_acs = formats.to_owned()),
    ] {
        assert!(
            found.iter().any(|c| c.concerns_release() && c.is_risky()),
            "{found:?}"
        );
    }
    let found = changes(|s| s.acs += &acs(POST, "https://sp.example.org/second", "index='1'"));
    assert!(!found.iter().any(Change::concerns_release), "{found:?}");
}

/// A key that only stands beside those before is safe; one that assertions would be encrypted to is
/// not, though the one before stays.
#[test]
fn an_encryption_key_that_would_be_used_is_risky() {
    let key = |name: &str| descriptor("use='encryption'", &dev_certificate(name));
    let signing = descriptor("use='signing'", &dev_certificate("sp-signing"));
    let behind = changes(|s| s.keys += &key("idp-rsa2048"));
    assert!(
        matches!(&behind[..], [Change::EncryptionKeyAdded(_)]),
        "{behind:?}"
    );
    assert!(!behind[0].is_risky() && behind[0].is_of_keys());
    let first = changes(|s| s.keys = signing + &key("idp-rsa2048") + &key("sp-encryption"));
    let fingerprint = dev_certificate("idp-rsa2048").fingerprint();
    assert!(
        first[0].is_risky() && first[0].to_string().contains(&fingerprint),
        "{first:?}"
    );
}
