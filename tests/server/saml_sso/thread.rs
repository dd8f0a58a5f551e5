//! The whole way of one sign-on.

use avouch_server::audit::ResultCode;

use crate::support::app::TestApp;
use crate::support::sp::Sp;

/// Proves IIP-SSO02, IIP-SSO03, SDP-IDP02, SDP-IDP08, SC-01.
#[test]
fn sc_01_a_redirect_request_ends_in_a_posted_response() {
    let app = TestApp::start();
    let sp = Sp::new("wiki");
    app.connect(&sp, |_, _| ());
    let user = app.user("one");
    let client = app.client();

    let request = sp.request(&app);
    let first = client.get(&sp.redirect_with(&app, &request, Some("there & back"), None));
    assert_eq!(first.status, 303);
    let page = client.follow(first);
    let answer = app.log_in(&client, &page, "one");
    let told = app.told(&sp, &answer);

    assert_eq!(told.status(), ("Success", ""));
    assert_eq!(told.acs, sp.acs);
    assert_eq!(told.relay_state.as_deref(), Some("there & back"));
    assert_eq!(told.response.in_response_to.as_ref(), Some(&request.id));
    let event = app.last_event();
    assert_eq!(event.result, ResultCode::Success);
    assert_eq!(
        event.user().and_then(|user| user.id.as_deref()),
        Some(user.id.as_str())
    );
    assert!(event.checks.iter().all(|check| check.passed), "{event:?}");

    // The session answers the next request at once.
    let again = client.get(&sp.redirect(&app, &sp.request(&app)));
    assert_eq!(app.told(&sp, &again).status(), ("Success", ""));
}
