//! The one place that knows which address a step has, and whose turn it is when a sign-on goes on.

use super::consent::{self, Decision};
use super::waiting::{self, Waiting};
use crate::context::Context;
use crate::flow::outcome::{Answer, Errand, Step, Stop};
use crate::flow::saml::sso;
use crate::sessions::{PendingId, Request};

/// The address of a step, from the root of this server.
pub fn address(step: &Step) -> String {
    match step {
        Step::Prove(Errand::Launcher) => "/login".to_owned(),
        Step::Prove(errand) => format!("/login?p={}", token(errand)),
        Step::Consent(id) => format!("/consent?p={id}"),
        Step::GoOn(Errand::SignOn(id)) => format!("/continue?p={id}"),
        Step::GoOn(Errand::Admin(path)) => path.clone(),
        Step::GoOn(Errand::Launcher) => "/".to_owned(),
    }
}

/// What stands for an errand in the parameter `p` of an address or a form.
pub fn token(errand: &Errand) -> &str {
    match errand {
        Errand::SignOn(id) => id.as_str(),
        // Of letters, digits and what needs no escape: see `errand`.
        Errand::Admin(path) => path,
        Errand::Launcher => "",
    }
}

/// What `token` stands for. A path that is none of the administration's, or that would have to be
/// escaped, leads nowhere in particular.
pub fn errand(token: &str) -> Errand {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./".contains(c);
    let is_admin = token == "/admin" || token.starts_with("/admin/");
    match token {
        "" => Errand::Launcher,
        path if path.starts_with('/') && is_admin && path.chars().all(plain) => {
            Errand::Admin(path.to_owned())
        }
        path if path.starts_with('/') => Errand::Launcher,
        id => Errand::SignOn(PendingId::new(id)),
    }
}

/// Goes on with a sign-on that waited: after a login, after consent, or because the first page of
/// ours was reached.
///
/// # Errors
/// [`Stop`] for what ends on a page.
pub fn resume(cx: &Context, id: &PendingId) -> Result<Answer, Stop> {
    let pending = match waiting::find(cx, id)? {
        Waiting::Here(pending) => *pending,
        Waiting::Gone(restart) => return Ok(Answer::StartAgain(restart)),
    };
    // Each protocol answers in its own words.
    match &pending.asking.request {
        Request::Saml(_) | Request::Launch(_) => sso::resume(cx, pending),
    }
}

/// The user does not want to go on: whoever asked is told.
///
/// # Errors
/// [`Stop`] for what ends on a page.
pub fn cancel(cx: &Context, id: &PendingId) -> Result<Answer, Stop> {
    let pending = match waiting::find(cx, id)? {
        Waiting::Here(pending) => *pending,
        Waiting::Gone(restart) => return Ok(Answer::StartAgain(restart)),
    };
    match &pending.asking.request {
        Request::Saml(_) | Request::Launch(_) => sso::cancel(cx, &pending),
    }
}

/// Takes the user's answer to the question for consent, and goes on without another round trip
/// where nothing is left to ask.
///
/// # Errors
/// [`Stop`] for what ends on a page.
pub fn consented(cx: &Context, id: &PendingId, decision: &Decision) -> Result<Answer, Stop> {
    match consent::answer(cx, id, decision)? {
        Answer::Step(Step::GoOn(Errand::SignOn(id))) => resume(cx, &id),
        other => Ok(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_leads_back_to_its_errand_and_nowhere_else() {
        for errand_of in [
            Errand::Launcher,
            Errand::Admin("/admin".to_owned()),
            Errand::Admin("/admin/apps/wiki-1".to_owned()),
            Errand::SignOn(PendingId::new("0199b1c2-aaaa")),
        ] {
            assert_eq!(errand(token(&errand_of)), errand_of);
        }
        for elsewhere in [
            "/",
            "//evil.example.org",
            "/administrator",
            "/admin/a?b",
            "/admin/%2e",
        ] {
            assert_eq!(errand(elsewhere), Errand::Launcher, "{elsewhere}");
        }
        // No row has such a name, so it leads to the page that offers to start again.
        let url = "https://evil.example.org/";
        assert_eq!(errand(url), Errand::SignOn(PendingId::new(url)));
    }
}
