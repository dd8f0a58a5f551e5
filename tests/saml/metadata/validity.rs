//! How long metadata is good.

use avouch_saml::metadata::entity::Untidy;
use avouch_saml::metadata::{Fault, MetadataError, Reading, SpMetadata, for_each_sp};
use avouch_saml::time::Timestamp;

use super::{NAMESPACES, Sample, now};

fn reading(skew_seconds: i64) -> Reading {
    Reading {
        skew_seconds,
        ..Reading::at(now())
    }
}

fn until(at: Timestamp) -> String {
    format!("validUntil='{at}'")
}

fn read(entity: &str, skew_seconds: i64) -> Result<SpMetadata, MetadataError> {
    let sample = Sample {
        entity: format!("entityID='https://sp.example.org/saml' {entity}"),
        ..Sample::default()
    };
    SpMetadata::parse(sample.xml().as_bytes(), &reading(skew_seconds))
}

/// Proves IIP-G01, SDP-G01, E92 for metadata: an expiry is judged with the tolerance set, by
/// default three minutes.
#[test]
fn iip_g01_expiry_tolerates_skew() {
    for skew in [180, 240, 300] {
        for (past, good) in [(skew - 10, true), (skew + 10, false), (-10, true)] {
            let at = now().plus_seconds(-past);
            let read = read(&until(at), skew);
            assert_eq!(read.is_ok(), good, "{past} s ago with {skew} s");
            if let Err(error) = read {
                assert_eq!(
                    error.fault,
                    Fault::Expired {
                        element: "EntityDescriptor",
                        until: at
                    }
                );
            }
        }
    }
    assert_eq!(Reading::at(now()).skew_seconds, 180);
    let sp = read(&until(now().plus_seconds(3600)), 180).unwrap();
    assert!(sp.is_current(now().plus_seconds(3600 + 170), 180));
    assert!(!sp.is_current(now().plus_seconds(3600 + 190), 180));
}

fn nested(root: &str, group: &str, entity: &str, role: &str) -> String {
    let sample = Sample {
        entity: format!("entityID='https://sp.example.org/saml' {entity}"),
        role: role.to_owned(),
        ..Sample::default()
    };
    format!(
        "<md:EntitiesDescriptor {NAMESPACES} {root}><md:EntitiesDescriptor {group}>{}</md:EntitiesDescriptor></md:EntitiesDescriptor>",
        sample.xml()
    )
}

/// Proves AV-MDC-05, E76, E94: the shortest validUntil from root to role wins, and an expired one
/// anywhere ends use; nested cache durations only shorten.
#[test]
fn av_mdc_05_e76_e94_the_shortest_wins() {
    let day = |n: i64| until(now().plus_seconds(n * 86_400));
    let none = String::new;
    for (root, group, entity, role, wanted) in [
        (day(9), none(), none(), none(), 9),
        (day(9), day(5), none(), none(), 5),
        (day(9), day(5), day(3), none(), 3),
        (day(9), day(5), day(3), day(1), 1),
        (day(1), day(5), day(3), day(9), 1),
        (day(9), day(1), day(3), day(5), 1),
    ] {
        let xml = nested(&root, &group, &entity, &role);
        let sp = SpMetadata::parse(xml.as_bytes(), &reading(180)).expect("current");
        assert_eq!(sp.valid_until, Some(now().plus_seconds(wanted * 86_400)));
    }
    let past = day(-1);
    for (at, element, xml) in [
        ("root", "EntitiesDescriptor", nested(&past, "", "", "")),
        ("group", "EntitiesDescriptor", nested("", &past, "", "")),
        ("entity", "EntityDescriptor", nested("", "", &past, "")),
        ("role", "SPSSODescriptor", nested("", "", "", &past)),
        (
            "group under a longer entity",
            "EntitiesDescriptor",
            nested("", &past, &day(9), &day(9)),
        ),
    ] {
        let error = SpMetadata::parse(xml.as_bytes(), &reading(180)).expect_err(at);
        let until = now().plus_seconds(-86_400);
        assert_eq!(error.fault, Fault::Expired { element, until }, "{at}");
    }

    let cached = nested(
        "cacheDuration='PT6H'",
        "cacheDuration='P1Y'",
        "cacheDuration='PT2H'",
        "cacheDuration='PT4H'",
    );
    let sp = SpMetadata::parse(cached.as_bytes(), &reading(180)).unwrap();
    assert_eq!(sp.cache_seconds, Some(2 * 3600));
    assert_eq!(sp.valid_until, None, "stale is not expired");
}

/// An expired group takes its own entities with it and no others.
#[test]
fn av_mdc_05_an_expired_group_is_alone() {
    let past = until(now().plus_seconds(-86_400));
    let entity = |id: &str| {
        let sample = Sample {
            entity: format!("entityID='{id}'"),
            ..Sample::default()
        };
        sample.xml()
    };
    let xml = format!(
        "<md:EntitiesDescriptor {NAMESPACES}><md:EntitiesDescriptor {past}>{}</md:EntitiesDescriptor>{}</md:EntitiesDescriptor>",
        entity("https://a.example.org/"),
        entity("https://b.example.org/")
    );
    let mut good = Vec::new();
    for_each_sp(xml.as_bytes(), &reading(180), |sp| good.push(sp.is_ok())).unwrap();
    assert_eq!(good, [false, true]);
}

/// An instant nobody can read would make the entity good for ever.
#[test]
fn unreadable_instants_are_refused() {
    for bad in [
        "",
        "soon",
        "2027-01-01",
        "2027-13-01T00:00:00Z",
        "2027-02-30T00:00:00",
        "10000-01-01T00:00:00",
        "-",
    ] {
        let error = read(&format!("validUntil='{bad}'"), 180).expect_err(bad);
        assert!(matches!(error.fault, Fault::Instant { .. }), "{bad}");
    }
    assert!(read("validUntil='2027-01-01T00:00:00.5Z'", 180).is_ok());
}

/// An instant without a zone is UTC, which saml-core has it be, with a warning; what follows from it is
/// the same.
#[test]
fn field_13_an_end_without_a_zone_is_utc() {
    let sp = read("validUntil='2027-01-01T00:00:00'", 180).expect("reads");
    assert_eq!(sp.valid_until, Timestamp::parse("2027-01-01T00:00:00Z"));
    let [warning] = &sp.warnings[..] else {
        panic!("one warning: {:?}", sp.warnings)
    };
    assert!(
        warning.to_string().contains("2027-01-01T00:00:00"),
        "{warning}"
    );
    assert!(matches!(warning.what, Untidy::NoZone { .. }));
    let past = read("validUntil='2020-01-01T00:00:00'", 180).expect_err("over");
    assert!(matches!(past.fault, Fault::Expired { .. }));
    let plain = read("validUntil='2027-01-01T00:00:00Z'", 180).expect("reads");
    assert!(plain.warnings.is_empty());
}

/// Proves IIP-MD04, SDP-MD03: a source whose root has no end, a past one or one beyond the horizon
/// is refused; by default the horizon is thirty days.
#[test]
fn iip_md04_sdp_md03_the_horizon_of_a_source() {
    let single = |rest: &str| {
        let sample = Sample {
            entity: format!("entityID='https://sp.example.org/saml' {rest}"),
            ..Sample::default()
        };
        sample.xml()
    };
    let grouped = |rest: &str| nested(rest, "", "", "");
    let read = |xml: &str, reading: &Reading| {
        SpMetadata::parse(xml.as_bytes(), reading).map_err(|error| error.fault)
    };
    let of_source = Reading::of_source(now());
    assert_eq!(of_source.horizon_seconds, Some(30 * 86_400));
    let day = Reading {
        horizon_seconds: Some(86_400),
        ..of_source
    };
    for (reading, horizon) in [(of_source, 30 * 86_400), (day, 86_400)] {
        for form in [&single as &dyn Fn(&str) -> String, &grouped] {
            assert_eq!(read(&form(""), &reading), Err(Fault::NoEnd));
            let at = |seconds: i64| now().plus_seconds(seconds);
            let past = read(&form(&until(at(-1000))), &reading);
            assert!(matches!(past, Err(Fault::Expired { .. })));
            assert!(read(&form(&until(at(horizon - 1))), &reading).is_ok());
            assert!(read(&form(&until(at(horizon))), &reading).is_ok());
            let beyond = at(horizon + 1);
            let refused = read(&form(&until(beyond)), &reading);
            assert_eq!(refused, Err(Fault::BeyondHorizon { until: beyond }));
        }
    }
    // It is the root that has to end: an entity's end inside it is not enough.
    let inside = nested("", "", &until(now().plus_seconds(60)), "");
    assert_eq!(read(&inside, &of_source), Err(Fault::NoEnd));
    // A file an administrator vouches for needs none.
    assert!(read(&single(""), &Reading::at(now())).is_ok());
}

/// What was accepted once can be shown when it has expired; whether it may be used is asked apart.
#[test]
fn expired_metadata_can_still_be_shown() {
    let past = until(now().plus_seconds(-86_400));
    let xml = nested("", &past, "", "");
    assert!(SpMetadata::parse(xml.as_bytes(), &Reading::at(now())).is_err());
    let sp = SpMetadata::parse(xml.as_bytes(), &Reading::of_any_age(now())).expect("read");
    assert!(!sp.is_current(now(), 180));
}
