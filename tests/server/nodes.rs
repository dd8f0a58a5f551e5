//! Two nodes on one database: nothing that matters lives in one process.

use avouch_server::audit::ResultCode;

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
