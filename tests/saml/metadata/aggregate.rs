//! Files of many entities.

use std::io::Write as _;

use avouch_saml::ids::EntityId;
use avouch_saml::metadata::{
    Entity, Fault, MetadataError, SpMetadata, for_each_entity, for_each_sp,
};
use avouch_saml::xml::limits::Limits;
use avouch_saml::xml::reader::XmlErrorKind;

use super::{NAMESPACES, POST, Sample, acs, file, parse, reading};

/// The aggregate of a real federation, where it lies beside the repository. Where it does not, the
/// test run says so: written around the capture that hides what passing tests print.
fn federation() -> Option<Vec<u8>> {
    let beside = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../../shared/data/metadata/switch-aaitest-2019.xml"
    );
    let found = std::fs::read(beside).ok();
    if found.is_none() {
        let note = format!("SKIPPED the 262 service providers of a federation: no {beside}\n");
        let _ = std::io::stderr().write_all(note.as_bytes());
    }
    found
}

fn sps(document: &[u8]) -> Vec<SpMetadata> {
    let mut sps = Vec::new();
    for_each_sp(document, &reading(), |sp| {
        sps.push(sp.unwrap_or_else(|error| panic!("{:?}: {error}", error.entity_id)));
    })
    .expect("a readable file");
    sps
}

type Results = Vec<Result<SpMetadata, MetadataError>>;

fn results(document: &str) -> Results {
    let mut results = Vec::new();
    for_each_sp(document.as_bytes(), &reading(), |sp| results.push(sp)).expect("a readable file");
    results
}

fn group(rest: &str, content: &str) -> String {
    format!("<md:EntitiesDescriptor {NAMESPACES} {rest}>{content}</md:EntitiesDescriptor>")
}

fn entity(id: &str) -> String {
    let sample = Sample {
        entity: format!("entityID='{id}'"),
        ..Sample::default()
    };
    sample.xml()
}

/// Proves IIP-MD05 on real life: each of the 262 service providers of a federation is usable.
#[test]
fn iip_md05_every_sp_of_a_federation_is_usable() {
    let Some(document) = federation() else {
        return;
    };
    let sps = sps(&document);
    assert_eq!(sps.len(), 262);
    for sp in &sps {
        assert!(sp.can_be_answered(), "{}", sp.entity_id);
        assert!(!sp.display_name(&["de"]).is_empty());
    }
}

/// Proves IIP-MD05 on a sample of real life that every clone has.
#[test]
fn iip_md05_a_sample_of_a_federation_reads() {
    let sps = sps(&file("tests/vectors/metadata/switch-sample.xml"));
    assert_eq!(sps.len(), 7);
    let by_id = |id: &str| sps.iter().find(|sp| sp.entity_id.as_str() == id).expect(id);
    let both = by_id("https://cern.ch/login");
    assert!(both.signing_keys().count() >= 1);
    assert!(
        both.ignored
            .iter()
            .any(|name| name.ends_with("IDPSSODescriptor"))
    );
    let logo = by_id("https://med-test.swissuniversities.ch/auth/realms/MedonDevTest");
    assert!(!logo.ui.logos.is_empty());
    assert!(logo.subject_id_requirement.is_some());
    for sp in &sps {
        assert!(sp.can_be_answered(), "{}", sp.entity_id);
        assert!(!sp.keys.is_empty() && !sp.attribute_consuming_services.is_empty());
        assert!(sp.name_id_formats.len() + sp.entity_attributes.len() > 0);
        assert_eq!(
            sp.valid_until.map(|t| t.to_string()).as_deref(),
            Some("3001-01-01T00:00:00Z")
        );
    }
}

/// Proves IIP-MD05, IIP-EXT01, AV-MDC-15: every role type, nested groups and an affiliation are
/// read; what is unknown never stands in the way.
#[test]
fn iip_md05_iip_ext01_every_kind_of_entity_and_unknown_extensions() {
    let document = file("tests/vectors/metadata/every-kind.xml");
    let (mut sps, mut others, mut affiliations) = (Vec::new(), Vec::new(), Vec::new());
    let walked = for_each_entity(&document, &reading(), |entity| match entity {
        Entity::Sp(sp) => sps.push(*sp),
        Entity::Other(id) | Entity::IdentityProvider(id) => others.push(id),
        Entity::Affiliation(affiliation) => affiliations.push(affiliation),
        Entity::Refused(error) => panic!("{error}"),
    })
    .expect("readable");
    assert_eq!(walked.entities, 4);
    let [sp] = sps.as_slice() else {
        panic!("one SP for SAML 2.0")
    };
    assert_eq!(sp.entity_id.as_str(), "https://sp.example.org/nested");
    assert!(
        sp.can_be_answered() && sp.warnings.is_empty(),
        "{:?}",
        sp.warnings
    );
    assert!(
        sp.ignored
            .contains(&"{urn:example:extension}Unknown".to_owned())
    );
    assert_eq!(
        sp.slo[0].response_location().as_str(),
        "https://sp.example.org/slo/response"
    );
    assert_eq!(others.len(), 2, "the IdP, and the SP of another protocol");
    let [affiliation] = affiliations.as_slice() else {
        panic!("one affiliation")
    };
    assert!(affiliation.includes(&sp.entity_id));
    let stranger = EntityId::parse("https://stranger.example.org/").unwrap();
    assert!(!affiliation.includes(&stranger));

    // As the file of one SP it is good too: there is exactly one.
    let one = SpMetadata::parse(&document, &reading()).expect("one SP");
    assert_eq!(one, *sp);
}

/// Proves AV-MDC-03, AV-SEC-48: an entity ID belongs to the first that has it, whole; twins by
/// case are two; one with spaces is none.
#[test]
fn av_mdc_03_duplicates_are_never_merged() {
    let first = Sample {
        acs: acs(POST, "https://sp.example.org/first", "index='0'"),
        ..Sample::default()
    };
    let second = Sample {
        acs: acs(POST, "https://sp.example.org/second", "index='1'"),
        ..Sample::default()
    };
    let inner = group("", &second.xml());
    let results = results(&group("", &(first.xml() + &inner)));
    let [Ok(kept), Err(refused)] = results.as_slice() else {
        panic!("{results:?}")
    };
    assert_eq!(kept.acs.len(), 1);
    assert_eq!(
        kept.acs[0].location().as_str(),
        "https://sp.example.org/first"
    );
    assert_eq!(refused.fault, Fault::DuplicateEntity);
    assert_eq!(refused.entity_id.as_ref(), Some(&kept.entity_id));

    let twins = self::results(&group(
        "",
        &(entity("https://sp.example.org/a")
            + &entity("https://SP.example.org/a")
            + &entity("https://sp.example.org/a ")
            + &entity("")),
    ));
    let read: Vec<bool> = twins.iter().map(Result::is_ok).collect();
    assert_eq!(read, [true, true, false, false]);
    assert_ne!(
        twins[0].as_ref().unwrap().entity_id,
        twins[1].as_ref().unwrap().entity_id
    );

    // An IdP that took the name keeps it.
    let idp = "<md:EntityDescriptor entityID='https://sp.example.org/saml'><md:IDPSSODescriptor \
               protocolSupportEnumeration='urn:oasis:names:tc:SAML:2.0:protocol'/></md:EntityDescriptor>";
    let taken = self::results(&group("", &(idp.to_owned() + &first.xml())));
    assert!(matches!(&taken[..], [Err(e)] if e.fault == Fault::DuplicateEntity));
}

/// One bad entity is refused by name and line; the others are not touched by it.
#[test]
fn a_bad_entity_does_not_spoil_the_others() {
    let bad = Sample {
        entity: "entityID='https://bad.example.org/'".to_owned(),
        acs: acs(POST, "javascript:alert(1)", "index='0'"),
        ..Sample::default()
    };
    let document = group(
        "",
        &format!(
            "\n{}\n{}\n{}",
            entity("https://a.example.org/"),
            bad.xml(),
            entity("https://b.example.org/")
        ),
    );
    let results = results(&document);
    let [Ok(_), Err(error), Ok(_)] = results.as_slice() else {
        panic!("{results:?}")
    };
    assert_eq!(error.line, 3);
    assert_eq!(
        error.entity_id.as_ref().map(EntityId::as_str),
        Some("https://bad.example.org/")
    );
    assert!(matches!(error.fault, Fault::UnsafeLocation { .. }));
    assert!(parse(&document).is_err(), "as a single file it is refused");
}

#[test]
fn a_file_of_one_sp_has_exactly_one() {
    let two = group(
        "",
        &(entity("https://a.example.org/") + &entity("https://b.example.org/")),
    );
    let error = parse(&two).expect_err("two");
    assert!(matches!(error.fault, Fault::SeveralServiceProviders { .. }));
    let none = parse(&group("", "")).expect_err("none");
    assert_eq!(none.fault, Fault::NoSpRole);
    assert!(parse(&group("", &entity("https://a.example.org/"))).is_ok());
}

/// Proves AV-SEC-44, AV-SEC-42: groups in groups end at the bound on depth, without recursion.
#[test]
fn av_sec_44_groups_in_groups_are_bounded() {
    let nested = |levels: usize| {
        let open = "<md:EntitiesDescriptor>".repeat(levels);
        let close = "</md:EntitiesDescriptor>".repeat(levels);
        group(
            "",
            &format!("{open}{}{close}", entity("https://a.example.org/")),
        )
    };
    assert_eq!(results(&nested(20)).len(), 1);
    let error = for_each_sp(nested(100_000).as_bytes(), &reading(), |_| {}).expect_err("too deep");
    assert!(matches!(
        error.fault,
        Fault::Xml(XmlErrorKind::OverLimit { .. })
    ));
}

/// One entity cannot fill the memory that the bound on the whole file allows.
#[test]
fn av_sec_42_one_entity_is_bounded() {
    let with = |requested: usize| {
        let attributes = "<md:RequestedAttribute Name='a'/>".repeat(requested);
        let sample = Sample {
            after_acs: format!(
                "<md:AttributeConsumingService index='0'><md:ServiceName xml:lang='en'>x</md:ServiceName>{attributes}</md:AttributeConsumingService>"
            ),
            ..Sample::default()
        };
        group("", &sample.xml())
    };
    assert_eq!(results(&with(1_000)).len(), 1);
    let many = with(150_000);
    assert!(many.len() < Limits::METADATA.bytes);
    let error = for_each_sp(many.as_bytes(), &reading(), |_| {}).expect_err("too many");
    assert!(matches!(
        error.fault,
        Fault::Xml(XmlErrorKind::OverLimit { what: "nodes", .. })
    ));
}
