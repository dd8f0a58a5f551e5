//! The login page.

use askama::Template;

use crate::dev::SampleLogin;
use crate::text::Login;

use super::{AppLabel, Frame, Page};

/// `GET /login?p=ID`, and the answer to a `POST /login` that did not sign in.
///
/// Its first form posts `username`, `password`, `csrf` and `p` to `/login`; each sample user's
/// button posts the same fields. A form of its own posts `cancel`, `csrf` and `p` there, to tell
/// the app that the user did not sign in.
#[derive(Debug, Template)]
#[template(path = "login/password.html")]
pub struct LoginPage {
    /// Surroundings.
    pub frame: Frame,
    /// Where signing in leads.
    pub destination: Destination,
    /// ID of the sign-on in progress; empty when there is none.
    pub pending: String,
    /// What the username field holds to begin with.
    pub username: String,
    /// The app asked for a new login although a session exists (ForceAuthn).
    pub forced: bool,
    /// What was wrong with the last try.
    pub problem: Option<LoginProblem>,
    /// Where "start again" leads: usually the app's launch URL, or `/login` without one.
    pub restart_url: Option<String>,
    /// `avouch dev` only: users to sign in as by one click.
    pub samples: Vec<SampleLogin>,
}

/// Where signing in leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Destination {
    /// To this app.
    App(AppLabel),
    /// To the list of the user's apps.
    Launcher,
    /// To the admin pages.
    Admin,
}

/// Why a try did not sign in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LoginProblem {
    /// Unknown user or wrong password; the page never says which.
    Credentials,
    /// A field was left empty.
    Empty,
    /// Too many tries; the next is possible after this many seconds.
    Throttled {
        /// Seconds to wait.
        seconds: u64,
    },
    /// The queue of password checks is full.
    Busy,
    /// The form's CSRF token was missing or stale.
    StaleForm,
}

impl LoginPage {
    fn t(&self) -> &Login {
        &self.frame.t.login
    }

    fn app(&self) -> Option<&AppLabel> {
        match &self.destination {
            Destination::App(app) => Some(app),
            Destination::Launcher | Destination::Admin => None,
        }
    }

    fn app_name(&self) -> String {
        self.app().map_or_else(
            || self.frame.t.error_page.the_app.to_string(),
            |app| app.name.clone(),
        )
    }

    /// Only a sign-on that an app began can be given up, and the app be told so.
    fn offers_cancel(&self) -> bool {
        !self.pending.is_empty() && self.app().is_some()
    }

    fn problem_text(&self) -> Option<String> {
        let t = self.t();
        Some(match self.problem.as_ref()? {
            LoginProblem::Credentials => t.problem_credentials.to_string(),
            LoginProblem::Empty => t.problem_empty.to_string(),
            LoginProblem::Throttled { seconds } => t.problem_throttled.with(self.wait(*seconds)),
            LoginProblem::Busy => t.problem_busy.to_string(),
            LoginProblem::StaleForm => t.problem_form.to_string(),
        })
    }

    /// Whole minutes above a minute and a half, rounded up so that nobody tries too early.
    fn wait(&self, seconds: u64) -> String {
        let t = self.t();
        match seconds {
            0 | 1 => t.one_second.to_string(),
            2..=59 => t.seconds.with(seconds),
            60 => t.one_minute.to_string(),
            61..=90 => t.seconds.with(seconds),
            _ => t.minutes.with(seconds.div_ceil(60)),
        }
    }

    /// Sample data.
    pub fn sample() -> Self {
        Self {
            frame: Frame::sample_anonymous(),
            destination: Destination::App(AppLabel::named("Sample Wiki")),
            pending: "sample-pending".into(),
            username: String::new(),
            forced: false,
            problem: None,
            restart_url: Some("/launch/sample-wiki".into()),
            samples: Vec::new(),
        }
    }
}

pub(super) fn samples() -> Vec<(&'static str, String)> {
    let wrong = LoginPage {
        username: "sample.one".into(),
        problem: Some(LoginProblem::Credentials),
        ..LoginPage::sample()
    };
    let throttled = LoginPage {
        username: "sample.one".into(),
        forced: true,
        problem: Some(LoginProblem::Throttled { seconds: 200 }),
        ..LoginPage::sample()
    };
    let admin = LoginPage {
        destination: Destination::Admin,
        restart_url: None,
        ..LoginPage::sample()
    };
    let user = |username: &str, name: &str, note: &str| SampleLogin {
        username: username.into(),
        password: "sample".into(),
        name: name.into(),
        note: note.into(),
    };
    let developer = LoginPage {
        samples: vec![
            user(
                "sample.one",
                "Sample User One",
                "Every attribute has one value.",
            ),
            user(
                "sample.two",
                "Sample User Two",
                "Several e-mail addresses and groups.",
            ),
            user(
                "sample.three",
                "Sämple <Üser> & “Three” 漢字",
                "Text that needs escaping.",
            ),
            user(
                "sample.four",
                "Sample User Four",
                "No e-mail address, no federation ID.",
            ),
        ],
        ..LoginPage::sample()
    };
    vec![
        ("login", LoginPage::sample().html()),
        ("login-wrong", wrong.html()),
        ("login-throttled", throttled.html()),
        ("login-admin", admin.html()),
        ("login-developer", developer.html()),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waiting_times_are_never_rounded_down() {
        let page = LoginPage::sample();
        let said: Vec<_> = [0, 59, 60, 61, 91, 121].map(|s| page.wait(s)).into();
        assert_eq!(
            said,
            [
                "1 second",
                "59 seconds",
                "1 minute",
                "61 seconds",
                "2 minutes",
                "3 minutes"
            ]
        );
    }

    #[test]
    fn the_form_has_the_agreed_fields() {
        let html = LoginPage::sample().html();
        let form = &html[html.find("<form").expect("a form")..];
        assert!(form.starts_with("<form method=\"post\" action=\"/login\""));
        for field in ["username", "password", "csrf", "p"] {
            assert!(
                form.contains(&format!("name=\"{field}\"")),
                "{field} is missing"
            );
        }
        assert!(form.contains("value=\"sample-csrf-token\""));
        assert!(form.contains("value=\"sample-pending\""));
    }

    #[test]
    fn only_a_sign_on_in_progress_can_be_cancelled() {
        assert!(LoginPage::sample().html().contains("name=\"cancel\""));
        let plain = LoginPage {
            destination: Destination::Launcher,
            ..LoginPage::sample()
        };
        assert!(!plain.html().contains("name=\"cancel\""));
    }

    #[test]
    fn sample_users_are_offered_only_when_given() {
        assert!(!LoginPage::sample().html().contains("sample.one"));
        let (_, developer) = samples().remove(4);
        assert!(developer.contains("value=\"sample.one\""));
        assert!(!developer.contains("<Üser>"), "names are escaped");
    }
}
