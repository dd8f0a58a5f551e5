//! Which endpoint answers a request.

use avouch_saml::metadata::{AcsEndpoint, AcsError, AcsSelector, Binding, choose_acs};

use super::{ARTIFACT, PAOS, POST, REDIRECT, Sample, acs};

const SERVED: &[Binding] = &[Binding::HttpPost, Binding::HttpArtifact];

fn three() -> Vec<AcsEndpoint> {
    let sample = Sample {
        acs: acs(
            POST,
            "https://sp.example.org/acs/post",
            "index='1' isDefault='true'",
        ) + &acs(ARTIFACT, "https://sp.example.org/acs/artifact", "index='2'")
            + &acs(POST, "https://sp.example.org/acs/other", "index='7'")
            + &acs(PAOS, "https://sp.example.org/acs/ecp", "index='9'"),
        ..Sample::default()
    };
    sample.good().acs
}

fn by_url(url: &str) -> AcsSelector<'_> {
    AcsSelector {
        url: Some(url),
        ..AcsSelector::default()
    }
}

fn by_index(index: u16) -> AcsSelector<'static> {
    AcsSelector {
        index: Some(index),
        ..AcsSelector::default()
    }
}

fn by_binding(binding: &str) -> AcsSelector<'_> {
    AcsSelector {
        protocol_binding: Some(binding),
        ..AcsSelector::default()
    }
}

/// Proves AV-REQ-10, AV-SEC-53, SDP-IDP06, field 56: only a URL that is registered is answered at, as it
/// is registered; other spellings of it (RFC 3986 §6.2) name it, and nothing looser does.
#[test]
fn av_req_10_only_a_registered_url_is_answered() {
    let endpoints = three();
    for wrong in [
        "https://evil.example.net/acs/post",
        "https://sp.example.org/acs/pos",
        "https://sp.example.org/acs/post/",
        "https://sp.example.org/acs/post?x=1",
        "https://sp.example.org/acs/post#f",
        "https://sp.example.org:8443/acs/post",
        "https://sp.example.org/ACS/post",
        "https://sp.example.org/acs%2Fpost",
        "https://sp.example.org/x/%2e%2e/acs/post",
        "https://sp.example.org@evil.example.net/acs/post",
        "http://sp.example.org/acs/post",
        " https://sp.example.org/acs/post",
        "https://sp.example.org/acs/post ",
        "",
    ] {
        assert_eq!(
            choose_acs(&endpoints, &by_url(wrong), SERVED),
            Err(AcsError::NotRegistered),
            "{wrong}"
        );
    }
    for same in [
        "https://sp.example.org:443/acs/post",
        "https://SP.example.org/acs/post",
        "HTTPS://sp.example.org/acs/post",
        "https://sp.example.org/acs/%70ost",
    ] {
        let chosen = choose_acs(&endpoints, &by_url(same), SERVED).expect(same);
        let registered = "https://sp.example.org/acs/post";
        assert_eq!(
            chosen.location().as_str(),
            registered,
            "as it is registered"
        );
    }
    let other = "https://sp.example.org/acs/other";
    let chosen = choose_acs(&endpoints, &by_url(other), SERVED).expect("registered");
    assert_eq!(chosen.location().as_str(), other);
    assert_ne!(
        chosen.is_default(),
        Some(true),
        "a listed URL that is not the default is used"
    );
}

/// Proves AV-REQ-11: the index picks its endpoint; an unknown one is told at the default.
#[test]
fn av_req_11_the_index_picks_its_endpoint() {
    let endpoints = three();
    let chosen = choose_acs(&endpoints, &by_index(7), SERVED).expect("known");
    assert_eq!(
        chosen.location().as_str(),
        "https://sp.example.org/acs/other"
    );
    for unknown in [0, 3, 65535] {
        let error = choose_acs(&endpoints, &by_index(unknown), SERVED).expect_err("unknown");
        assert!(matches!(error, AcsError::UnknownIndex { index, .. } if index == unknown));
        let told_at = error.answer_at().expect("the default endpoint");
        assert_eq!(
            told_at.location().as_str(),
            "https://sp.example.org/acs/post"
        );
    }
}

/// Proves AV-REQ-12: the binding picks among endpoints; HTTP-Redirect never answers.
#[test]
fn av_req_12_the_binding_picks_and_redirect_never_answers() {
    let endpoints = three();
    let artifact = choose_acs(&endpoints, &by_binding(ARTIFACT), SERVED).expect("served");
    assert_eq!(*artifact.binding(), Binding::HttpArtifact);
    let post = choose_acs(&endpoints, &by_binding(POST), SERVED).expect("served");
    assert_eq!(*post.binding(), Binding::HttpPost);

    let with_redirect = Sample {
        acs: acs(
            REDIRECT,
            "https://sp.example.org/acs/r",
            "index='0' isDefault='true'",
        ) + &acs(POST, "https://sp.example.org/acs/p", "index='1'"),
        ..Sample::default()
    };
    let endpoints = with_redirect.good().acs;
    let all = &[Binding::HttpPost, Binding::HttpRedirect];
    for selector in [
        by_binding(REDIRECT),
        by_binding("urn:example:unknown"),
        by_binding(""),
        by_index(0),
        by_url("https://sp.example.org/acs/r"),
        AcsSelector {
            url: Some("https://sp.example.org/acs/p"),
            protocol_binding: Some(ARTIFACT),
            index: None,
        },
    ] {
        let error = choose_acs(&endpoints, &selector, all).expect_err("not by this binding");
        assert!(
            matches!(error, AcsError::UnsupportedBinding { .. }),
            "{selector:?}"
        );
        let told_at = error.answer_at().expect("a binding that can");
        assert_eq!(told_at.location().as_str(), "https://sp.example.org/acs/p");
    }
    let default = choose_acs(&endpoints, &AcsSelector::default(), all).expect("the other");
    assert_eq!(*default.binding(), Binding::HttpPost);
}

/// Proves AV-REQ-13: an index beside a URL or a binding contradicts itself.
#[test]
fn av_req_13_an_index_stands_alone() {
    let endpoints = three();
    let url = "https://sp.example.org/acs/other";
    for selector in [
        AcsSelector {
            url: Some(url),
            ..by_index(7)
        },
        AcsSelector {
            protocol_binding: Some(POST),
            ..by_index(7)
        },
    ] {
        let error = choose_acs(&endpoints, &selector, SERVED).expect_err("contradiction");
        assert!(matches!(error, AcsError::Conflicting { .. }));
        let told_at = error.answer_at().expect("the default endpoint");
        assert_eq!(told_at.index(), Some(1));
    }
    // An unregistered URL is worse than a contradiction: nobody is told.
    let selector = AcsSelector {
        url: Some("https://evil.example.net/"),
        ..by_index(7)
    };
    assert_eq!(
        choose_acs(&endpoints, &selector, SERVED),
        Err(AcsError::NotRegistered)
    );
    let together = AcsSelector {
        url: Some(url),
        protocol_binding: Some(POST),
        index: None,
    };
    assert!(choose_acs(&endpoints, &together, SERVED).is_ok());
}

/// Proves AV-REQ-14: first isDefault true, else first without, else first, among what is served.
#[test]
fn av_req_14_the_default_endpoint() {
    let layouts = [
        (
            [
                "index='0'",
                "index='1' isDefault='true'",
                "index='2' isDefault='true'",
            ],
            1,
        ),
        (["index='0' isDefault='false'", "index='1'", "index='2'"], 1),
        (
            [
                "index='0' isDefault='0'",
                "index='1' isDefault='0'",
                "index='2' isDefault='false'",
            ],
            0,
        ),
        (["index='5'", "index='1'", "index='0'"], 0),
    ];
    for (attributes, wanted) in layouts {
        let sample = Sample {
            // An endpoint that is not served is never the default, whatever it claims.
            acs: acs(
                PAOS,
                "https://sp.example.org/acs/ecp",
                "index='99' isDefault='true'",
            ) + &attributes
                .iter()
                .enumerate()
                .map(|(n, rest)| acs(POST, &format!("https://sp.example.org/acs/{n}"), rest))
                .collect::<String>(),
            ..Sample::default()
        };
        let sp = sample.good();
        let chosen = sp.choose_acs(&AcsSelector::default()).expect("a default");
        let wanted = format!("https://sp.example.org/acs/{wanted}");
        assert_eq!(chosen.location().as_str(), wanted, "{attributes:?}");
    }
    let only_paos = Sample {
        acs: acs(PAOS, "https://sp.example.org/acs/ecp", "index='0'"),
        ..Sample::default()
    };
    let sp = only_paos.good();
    assert_eq!(
        sp.choose_acs(&AcsSelector::default()),
        Err(AcsError::NoneServed)
    );
    assert!(!sp.can_be_answered());
    let told: Vec<String> = sp.warnings.iter().map(ToString::to_string).collect();
    assert!(
        told.iter()
            .any(|w| w.starts_with("line ") && w.contains("/acs/ecp") && w.contains("PAOS")),
        "{told:?}"
    );
    // Beside one that is served it is nothing to remark on.
    let both = Sample {
        acs: acs(PAOS, "https://sp.example.org/acs/ecp", "index='0'")
            + &acs(POST, "https://sp.example.org/acs", "index='1'"),
        ..Sample::default()
    };
    assert_eq!(both.good().warnings, []);
}
