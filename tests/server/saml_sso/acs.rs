//! Where the answer goes.

use avouch_saml::message::authn_request::RequestedAcs;
use avouch_server::apps::PermittedUsers;
use avouch_server::audit::ResultCode;

use crate::support::app::TestApp;
use crate::support::client::{Answer, From};
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
        "https://three.example.org:8443/one",
        "https://three.example.org/one?x=1",
        "https://three.example.org@evil.example.org/one",
        "https://three.example.org/x/%2e%2e/one",
        "https://three.example.org/one#f",
        "http://three.example.org/one",
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
    // Another spelling of a registered address names it; the answer goes to the registered text.
    for same in [
        "https://THREE.example.org:443/one",
        "https://three.example.org/%6fne\n",
    ] {
        let told = app.told(&sp, &app.ask(&client, &sp, |r| r.acs = url(same)));
        let registered = "https://three.example.org/one";
        assert_eq!(told.acs, registered);
        assert_eq!(told.ok().confirmation.recipient.as_str(), registered);
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

/// Proves AV-ST-16, AV-REQ-10, AV-REQ-13: a request that breaks the rules and names an address that
/// is not registered is answered nowhere; one that names a registered address is answered there.
#[test]
fn av_st_16_a_broken_request_is_not_answered_elsewhere() {
    let (app, wiki, client) = TestApp::ready();
    let sp = three();
    app.connect(&sp, |_, _| ());
    for beside in [
        "AssertionConsumerServiceIndex=\"1\"",
        "AssertionConsumerServiceIndex=\"70000\"",
        "ForceAuthn=\"perhaps\"",
        "Unknown=\"x\"",
    ] {
        let send = |url: &str| {
            let attributes = format!("{beside} AssertionConsumerServiceURL=\"{url}\"");
            app.post_xml(&client, &sp.raw(&app, &attributes, ""))
        };
        for unlisted in ["https://evil.example.org/acs", wiki.acs.as_str()] {
            app.assert_page(&send(unlisted), ResultCode::InvalidAcs);
        }
        let listed = "https://three.example.org/two?a=b&c=d";
        let answer = send(&listed.replace('&', "&amp;"));
        let told = app.assert_refused(
            &sp,
            &answer,
            ResultCode::InvalidAuthnRequest,
            "Requester",
            "",
        );
        assert_eq!(told.acs, listed);
    }
}

/// Proves AV-RSP-05, AV-REQ-10: an address that is not the default is kept on every way to the
/// answer: through the login page, through another site's form, through the consent page.
#[test]
fn av_rsp_05_the_address_is_kept_on_every_way() {
    let app = TestApp::start();
    let (sp, mut asking) = (three(), three());
    asking.api_name = "asking".to_owned();
    asking.entity_id = "https://asking.example.org/sp".to_owned();
    app.connect(&sp, |_, _| ());
    app.connect(&asking, |app, _| {
        app.policy.permitted_users = PermittedUsers::SelfAuthorize;
    });
    for username in ["one", "two", "three"] {
        app.user(username);
    }
    let url = "https://three.example.org/two?a=b&c=d";
    let by_url = RequestedAcs::Url {
        url: url.to_owned(),
        binding: None,
    };
    for (acs, never_asked) in [(by_url, "two"), (RequestedAcs::Index(2), "three")] {
        let request = |sp: &Sp| {
            let mut request = sp.request(&app);
            request.acs = acs.clone();
            request
        };
        let kept = |sp: &Sp, answer: &Answer| {
            let told = app.told(sp, answer);
            assert_eq!(told.acs, url);
            assert_eq!(told.response.destination.as_deref(), Some(url));
            assert_eq!(told.ok().confirmation.recipient.as_str(), url);
        };
        let client = app.client();
        let page = client.follow(client.get(&sp.redirect(&app, &request(&sp))));
        kept(&sp, &app.log_in(&client, &page, "one"));
        let posted = app.post_request(&client, From::Elsewhere, &sp, &request(&sp), None);
        kept(&sp, &client.follow(posted));
        let stranger = app.client();
        let posted = app.post_request(&stranger, From::Elsewhere, &sp, &request(&sp), None);
        let page = stranger.follow(posted);
        kept(&sp, &app.log_in(&stranger, &page, "one"));
        let client = app.signed_in(never_asked);
        let page = client.follow(client.get(&asking.redirect(&app, &request(&asking))));
        let answer = super::consent::accept(&client, &page);
        kept(&asking, &client.follow(answer));
    }
}

/// Proves AV-REQ-30, AV-ST-16: when the address goes, or the metadata runs out, while the user logs
/// in, the answer goes nowhere; while both hold it arrives.
#[test]
fn av_req_30_a_login_that_outlives_its_address_ends_on_a_page() {
    let app = TestApp::start();
    let mut sp = three();
    app.connect(&sp, |_, _| ());
    app.user("one");
    let waiting = |sp: &Sp| {
        let client = app.client();
        let mut request = sp.request(&app);
        request.acs = RequestedAcs::Index(2);
        let page = client.follow(client.get(&sp.redirect(&app, &request)));
        (client, page)
    };
    let (client, page) = waiting(&sp);
    app.told(&sp, &app.log_in(&client, &page, "one")).ok();

    let (client, page) = waiting(&sp);
    let all = sp.endpoints.clone();
    sp.endpoints = Some(endpoint(POST, "https://three.example.org/one", 1, None));
    app.republish(&sp);
    let answer = app.log_in(&client, &page, "one");
    app.assert_page(&answer, ResultCode::InvalidAcs);

    sp.endpoints = all;
    sp.root_attributes = "validUntil=\"2026-03-01T13:00:00Z\"".to_owned();
    app.republish(&sp);
    let (client, page) = waiting(&sp);
    let (other, late) = waiting(&sp);
    app.clock.advance(1800);
    app.told(&sp, &app.log_in(&client, &page, "one")).ok();
    app.clock.advance(3600);
    let answer = app.log_in(&other, &late, "one");
    app.assert_page(&answer, ResultCode::MetadataExpired);
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
