//! Two nodes on one database: nothing that matters lives in one process.

use avouch_saml::message::authn_request::AuthnRequest;
use avouch_server::audit::ResultCode;
use avouch_server::store::expiry;

use crate::support::app::{Setup, TestApp};
use crate::support::client::Client;
use crate::support::sp::Sp;

fn start_here_finish_there(one: &TestApp, two: &TestApp) {
    let sp = Sp::new("wiki");
    let connected = one.connect(&sp, |_, _| ());
    one.user("one");
    let at = |node: &TestApp, browser: &Client| browser.beside(&node.client());

    let browser = one.client();
    let request = sp.request(one);
    let path = sp.redirect_with(one, &request, Some("kept"), None);
    let first = browser.get(&path);
    assert_eq!(first.status, 303);
    let browser = at(two, &browser);
    let page = browser.follow(first);
    let answer = two.submit_login(&browser, &page, "one", crate::support::app::PASSWORD);
    let browser = at(one, &browser);
    let told = one.told(&sp, &browser.follow(answer));
    assert_eq!(told.response.in_response_to.as_ref(), Some(&request.id));
    assert_eq!(told.relay_state.as_deref(), Some("kept"));

    // The session, the replay and a change of policy are known to both at once.
    let browser = at(two, &browser);
    two.told(&sp, &two.ask(&browser, &sp, |_| ())).ok();
    let path = sp.redirect(one, &sp.request(one));
    let on_one = at(one, &browser);
    one.told(&sp, &on_one.get(&path)).ok();
    two.assert_page(&browser.get(&path), ResultCode::ReplayedRequest);
    one.change(&connected, |app| app.policy.profiles.clear());
    let refused = two.ask(&browser, &sp, |_| ());
    two.assert_refused(
        &sp,
        &refused,
        ResultCode::AppAccessDenied,
        "Responder",
        "RequestDenied",
    );
}

/// Proves AV-SEC-64, AV-REQ-30 across nodes that share a file.
#[test]
fn av_req_30_two_nodes_share_a_file() {
    let one = TestApp::start();
    let two = one.beside(Setup::default());
    start_here_finish_there(&one, &two);
}

/// Proves AV-SEC-64, AV-REQ-30 across nodes that share PostgreSQL.
#[test]
fn av_req_30_two_nodes_share_postgresql() {
    let database = crate::postgres::Cluster::shared().database();
    let setup = || Setup {
        database: Some(database.clone()),
        ..Setup::default()
    };
    let one = TestApp::with(setup());
    let two = one.beside(setup());
    start_here_finish_there(&one, &two);
}

/// The oldest and the newest instants that are accepted, and the present: seconds from now.
const INSTANTS: [i64; 3] = [-(300 + 180) + 1, 0, 180 - 1];

fn used_once_on_nodes_whose_clocks_differ(one: &TestApp, two: &TestApp) {
    let sp = Sp::new("wiki");
    one.connect(&sp, |_, _| ());
    one.user("one");
    let browser = one.signed_in("one");
    let at = |node: &TestApp| browser.beside(&node.client());
    two.clock.advance(100);
    let forget = |node: &TestApp| {
        let too_old = node.services.settings.saml.oldest_request(node.now());
        node.write(|c| expiry::forget_messages(c, too_old, 1000))
    };
    let mut used = Vec::new();
    for seconds in INSTANTS {
        for signed_by in [None, Some("sp-signing")] {
            let mut request = sp.request(one);
            request.issue_instant = one.now().plus_seconds(seconds);
            let path = sp.redirect_with(one, &request, None, signed_by);
            one.told(&sp, &at(one).get(&path)).ok();
            used.push((request, path));
        }
    }
    // On neither node, whatever it takes for the present, and whatever either has forgotten.
    // Forwards, back by what a clock is put right, and on until all is forgotten.
    for step in [0, 250, 250, 400, -900, 2000, 86_400] {
        for node in [one, two] {
            node.clock.advance(step);
            forget(node);
        }
        for (request, path) in &used {
            for node in [one, two] {
                let age_millis = node.now().millis() - request.issue_instant.millis();
                let is_recent = (-180_000..=480_000).contains(&age_millis);
                let answer = at(node).get(path);
                if is_recent {
                    node.assert_page(&answer, ResultCode::ReplayedRequest);
                } else {
                    // Of many such from one address, not each has an event of its own.
                    assert_eq!(answer.status, 400, "{}", answer.text());
                    assert_eq!(answer.field("SAMLResponse"), None);
                }
            }
        }
    }
}

/// Another message is none that was used: another ID, and in one that is not signed another instant,
/// since whoever can change the one can change the other.
fn another_message_is_answered(one: &TestApp, two: &TestApp) {
    let sp = Sp::new("other");
    one.connect(&sp, |_, _| ());
    one.user("two");
    let browser = one.signed_in("two");
    let request = sp.request(one);
    let send = |node: &TestApp, request: &AuthnRequest| {
        browser
            .beside(&node.client())
            .get(&sp.redirect(node, request))
    };
    one.told(&sp, &send(one, &request)).ok();
    let mut later = request.clone();
    later.issue_instant = request.issue_instant.plus_seconds(1);
    two.told(&sp, &send(two, &later)).ok();
    for again in [&request, &later] {
        for node in [one, two] {
            node.assert_page(&send(node, again), ResultCode::ReplayedRequest);
        }
    }
    two.told(&sp, &send(two, &sp.request(two))).ok();
}

/// Proves AV-SEC-64 across nodes that share a file, at the borders of what is accepted and across
/// changes of their clocks.
#[test]
fn av_sec_64_a_request_is_used_once_on_nodes_that_share_a_file() {
    let one = TestApp::start();
    let two = one.beside(Setup::default());
    another_message_is_answered(&one, &two);
    used_once_on_nodes_whose_clocks_differ(&one, &two);
}

/// Proves AV-SEC-64 across nodes that share PostgreSQL.
#[test]
fn av_sec_64_a_request_is_used_once_on_nodes_that_share_postgresql() {
    let database = crate::postgres::Cluster::shared().database();
    let setup = || Setup {
        database: Some(database.clone()),
        ..Setup::default()
    };
    let one = TestApp::with(setup());
    let two = one.beside(setup());
    another_message_is_answered(&one, &two);
    used_once_on_nodes_whose_clocks_differ(&one, &two);
}
