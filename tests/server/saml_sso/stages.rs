//! What a sign-on in progress waits for, as its row says it.

use avouch_server::apps::PermittedUsers;
use avouch_server::audit::ResultCode;
use avouch_server::sessions::{Lacking, Pending, PendingId, Requirement, Stage};
use avouch_server::store;

use crate::support::app::TestApp;
use crate::support::client::Answer;

fn row(app: &TestApp, page: &Answer) -> Pending {
    let id = PendingId::new(page.field("p").expect("a sign-on"));
    app.services
        .db
        .read_one(|c| store::pending::by_id(c, &id))
        .expect("reads")
        .expect("there")
}

fn proving(lacking: Lacking, anew: bool) -> Stage {
    Stage::Proving(Requirement { lacking, anew })
}

/// Each step waits for what it says, reloading changes nothing, and the checks of the request are
/// kept as they were made while what comes next is judged anew.
#[test]
fn a_sign_on_moves_from_proof_to_consent_to_its_answer() {
    let (app, sp, signed_in) = TestApp::ready();
    app.change(&app.app_of(&sp), |app| {
        app.policy.permitted_users = PermittedUsers::SelfAuthorize;
        app.policy.ask_consent = true;
    });

    let client = app.client();
    let page = client.follow(app.ask(&client, &sp, |_| ()));
    let first = row(&app, &page);
    assert_eq!(first.stage, proving(Lacking::Session, false));
    let again = client.follow(client.get(&format!("/continue?p={}", first.id)));
    assert_eq!(row(&app, &again).stage, first.stage);

    let question = app.log_in(&client, &page, "one");
    let second = row(&app, &question);
    assert_eq!(second.id.as_str(), first.id.as_str());
    assert_eq!(second.stage, Stage::Consenting);
    assert_eq!(
        format!("{:?}", second.checks),
        format!("{:?}", first.checks),
        "those of the request, and no others"
    );

    // A session that ends meanwhile is asked for again.
    let csrf = question.field("csrf").expect("a token");
    client.post("/logout", &[("csrf", &csrf)]);
    let back = client.follow(client.get(&format!("/continue?p={}", first.id)));
    assert_eq!(row(&app, &back).stage, proving(Lacking::Session, false));
    let question = app.log_in(&client, &back, "one");
    let answer = super::consent::accept(&client, &question);
    app.told(&sp, &answer).ok();

    // Whoever is signed in already, and is asked to prove it anew.
    let page = signed_in.follow(app.ask(&signed_in, &sp, |r| r.force_authn = true));
    assert_eq!(row(&app, &page).stage, proving(Lacking::Freshness, true));
    // No row waits for a request that forbids pages.
    let passive = app.ask(&client, &sp, |r| {
        r.force_authn = true;
        r.is_passive = true;
    });
    app.assert_refused(
        &sp,
        &passive,
        ResultCode::NoPassive,
        "Responder",
        "NoPassive",
    );
}
