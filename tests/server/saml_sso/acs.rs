//! Where the answer goes.

use avouch_saml::message::authn_request::RequestedAcs;
use avouch_server::audit::ResultCode;

use crate::support::app::TestApp;
use crate::support::sp::Sp;

const POST: &str = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST";
const ARTIFACT: &str = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Artifact";
const REDIRECT: &str = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect";

fn endpoint(binding: &str, location: &str, index: u16, default: Option<bool>) -> String {
    let default = default.map_or(String::new(), |d| format!(" isDefault=\"{d}\""));
    format!(
        "<md:AssertionConsumerService Binding=\"{binding}\" Location=\"{location}\" index=\"{index}\"{default}/>"
    )
}

fn three() -> Sp {
    let mut sp = Sp::new("three");
    sp.endpoints = Some(format!(
        "{}{}{}",
        endpoint(ARTIFACT, "https://three.example.org/art", 0, None),
        endpoint(POST, "https://three.example.org/one", 1, Some(true)),
        endpoint(POST, "https://three.example.org/two?a=b&amp;c=d", 2, None),
    ));
    sp
}

/// Proves AV-REQ-10, AV-SEC-53, SDP-IDP06, AV-ST-16: only a registered URL, compared byte for byte.
#[test]
fn av_req_10_only_a_registered_url_is_answered() {
    let (app, wiki, client) = TestApp::ready();
    let sp = three();
    app.connect(&sp, |_, _| ());
    let url = |url: &str| RequestedAcs::Url {
        url: url.to_owned(),
        binding: None,
    };
    for wrong in [
        "https://evil.example.org/acs",
        wiki.acs.as_str(),
        "https://three.example.org/one/",
        "https://three.example.org/on",
        "https://three.example.org/ONE",
        "https://three.example.org:443/one",
        "https://three.example.org/one?x=1",
        "https://three.example.org@evil.example.org/one",
        "https://three.example.org/x/%2e%2e/one",
        "https://three.example.org/one#f",
        "http://three.example.org/one",
        "",
    ] {
        for signed in [None, Some("sp-signing")] {
            let mut request = sp.request(&app);
            request.acs = url(wrong);
            let answer = client.get(&sp.redirect_with(&app, &request, None, signed));
            app.assert_page(&answer, ResultCode::InvalidAcs);
        }
    }
    for good in [
        "https://three.example.org/one",
        "https://three.example.org/two?a=b&c=d",
    ] {
        let told = app.told(&sp, &app.ask(&client, &sp, |r| r.acs = url(good)));
        assert_eq!(told.acs, good);
        assert_eq!(told.ok().confirmation.recipient.as_str(), good);
        assert_eq!(told.response.destination.as_deref(), Some(good));
    }
}

/// Proves AV-REQ-11, AV-REQ-12, AV-REQ-13, AV-REQ-14, AV-ST-09, AV-RSP-05, IIP-IDP12: index,
/// binding, both, neither.
#[test]
fn av_req_11_index_and_binding_choose_among_endpoints() {
    let (app, _, client) = TestApp::ready();
    let sp = three();
    app.connect(&sp, |_, _| ());
    let ask = |acs: RequestedAcs| app.ask(&client, &sp, |r| r.acs = acs);
    for (acs, location) in [
        (RequestedAcs::Default, "https://three.example.org/one"),
        (
            RequestedAcs::Index(2),
            "https://three.example.org/two?a=b&c=d",
        ),
        (
            RequestedAcs::Binding(POST.to_owned()),
            "https://three.example.org/one",
        ),
    ] {
        let told = app.told(&sp, &ask(acs));
        assert_eq!(
            (told.acs.as_str(), told.status()),
            (location, ("Success", ""))
        );
        assert_eq!(told.ok().confirmation.recipient.as_str(), location);
    }
    let unknown = ask(RequestedAcs::Index(65535));
    let told = app.assert_refused(&sp, &unknown, ResultCode::InvalidAcs, "Requester", "");
    assert_eq!(told.acs, "https://three.example.org/one");
    for acs in [
        RequestedAcs::Binding(REDIRECT.to_owned()),
        RequestedAcs::Binding("urn:unknown".to_owned()),
        RequestedAcs::Binding(ARTIFACT.to_owned()),
        RequestedAcs::Index(0),
        RequestedAcs::Url {
            url: "https://three.example.org/one".to_owned(),
            binding: Some(ARTIFACT.to_owned()),
        },
    ] {
        app.assert_refused(
            &sp,
            &ask(acs),
            ResultCode::UnsupportedBinding,
            "Requester",
            "UnsupportedBinding",
        );
    }
    let both = sp.raw(
        &app,
        "AssertionConsumerServiceIndex=\"1\" AssertionConsumerServiceURL=\"https://three.example.org/one\"",
        "",
    );
    app.assert_refused(
        &sp,
        &app.post_xml(&client, &both),
        ResultCode::InvalidAuthnRequest,
        "Requester",
        "",
    );
}

/// Proves AV-REQ-14, E37, E41 through the endpoint, for layouts of isDefault.
#[test]
fn av_req_14_the_default_follows_is_default() {
    let (app, _, client) = TestApp::ready();
    let (a, b) = ("https://x.example.org/a", "https://x.example.org/b");
    for (name, layout, want) in [
        ("l1", [(a, Some(false)), (b, Some(true))], b),
        ("l2", [(a, Some(false)), (b, None)], b),
        ("l3", [(a, Some(false)), (b, Some(false))], a),
        ("l4", [(a, None), (b, None)], a),
    ] {
        let mut sp = Sp::new(name);
        sp.endpoints = Some(
            layout
                .iter()
                .zip(0..)
                .map(|((location, default), index)| endpoint(POST, location, index, *default))
                .collect(),
        );
        app.connect(&sp, |_, _| ());
        let told = app.told(&sp, &app.ask(&client, &sp, |_| ()));
        assert_eq!(told.acs, want, "{name}");
    }
}
