//! Plain pages at the edges of a session.

use askama::Template;

use crate::text::Plain;

use super::{AppLabel, Frame, Page};

/// `GET /logout` with a session: asks first. The form posts `csrf` to `/logout`.
#[derive(Debug, Template)]
#[template(path = "plain/sign_out.html")]
pub struct SignOutPage {
    /// Surroundings, with the viewer who is to be signed out.
    pub frame: Frame,
}

/// After `POST /logout`, and `GET /logout` without a session.
#[derive(Debug, Template)]
#[template(path = "plain/signed_out.html")]
pub struct SignedOutPage {
    /// Surroundings.
    pub frame: Frame,
}

/// The sign-on in progress is gone: expired, finished already, or never begun in this browser.
#[derive(Debug, Template)]
#[template(path = "plain/start_again.html")]
pub struct StartAgainPage {
    /// Surroundings.
    pub frame: Frame,
    /// The app the user was on the way to, when it is still known.
    pub app: Option<AppLabel>,
    /// One click to start again: the launch or start URL with its RelayState. Without one the
    /// page says to go back to the site.
    pub restart_url: Option<String>,
}

/// 503: the database cannot be reached. Needs nothing but the language.
#[derive(Debug, Template)]
#[template(path = "plain/unavailable.html")]
pub struct UnavailablePage {
    /// Surroundings, usually [`Frame::new`].
    pub frame: Frame,
    /// What finds the fault in the log: the request's id.
    pub code: String,
    /// What "try again" opens: the URL that failed if it was a GET, else `/`.
    pub retry_url: String,
}

macro_rules! texts_of {
    ($($page:ident)+) => {$(
        impl $page {
            fn t(&self) -> &Plain {
                &self.frame.t.plain
            }
        }
    )+};
}
texts_of!(SignOutPage SignedOutPage StartAgainPage UnavailablePage);

impl SignOutPage {
    fn viewer_name(&self) -> &str {
        self.frame.viewer.as_ref().map_or("", |viewer| &viewer.name)
    }

    /// Sample data.
    pub fn sample() -> Self {
        Self {
            frame: Frame::sample(),
        }
    }
}

impl SignedOutPage {
    /// Sample data.
    pub fn sample() -> Self {
        Self {
            frame: Frame::sample_anonymous(),
        }
    }
}

impl StartAgainPage {
    fn text(&self) -> String {
        let t = self.t();
        match (&self.restart_url, &self.app) {
            (None, _) => t.expired_no_start.to_string(),
            (Some(_), Some(app)) => t.expired_text_app.with(&app.name),
            (Some(_), None) => t.expired_text.to_string(),
        }
    }

    fn submit(&self) -> String {
        let t = self.t();
        match &self.app {
            Some(app) => t.expired_submit_app.with(&app.name),
            None => t.expired_submit.to_string(),
        }
    }

    /// Sample data.
    pub fn sample() -> Self {
        Self {
            frame: Frame::sample_anonymous(),
            app: Some(AppLabel::named("Sample Wiki")),
            restart_url: Some("/launch/wiki?RelayState=abc".into()),
        }
    }
}

impl UnavailablePage {
    /// Sample data.
    pub fn sample() -> Self {
        Self {
            frame: Frame::sample_anonymous(),
            code: "7K4M-2QXP".into(),
            retry_url: "/".into(),
        }
    }
}

pub(super) fn samples() -> Vec<(&'static str, String)> {
    let lost = StartAgainPage {
        app: None,
        restart_url: None,
        ..StartAgainPage::sample()
    };
    vec![
        ("sign-out", SignOutPage::sample().html()),
        ("signed-out", SignedOutPage::sample().html()),
        ("start-again", StartAgainPage::sample().html()),
        ("start-again-lost", lost.html()),
        ("unavailable", UnavailablePage::sample().html()),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_click_starts_again_with_the_relay_state() {
        let html = StartAgainPage::sample().html();
        assert!(html.contains("href=\"/launch/wiki?RelayState=abc\""));
        let lost = StartAgainPage {
            restart_url: None,
            ..StartAgainPage::sample()
        }
        .html();
        assert!(!lost.contains("/launch/wiki"));
        assert!(lost.contains("Go back to the site"));
    }

    #[test]
    fn signing_out_is_a_form() {
        let html = SignOutPage::sample().html();
        assert!(html.contains("<form method=\"post\" action=\"/logout\">"));
        assert!(html.contains("value=\"sample-csrf-token\""));
    }
}
