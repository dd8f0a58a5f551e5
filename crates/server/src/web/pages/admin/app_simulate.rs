//! What an app would be told of a user.

use askama::Template;

use crate::text::{AppSimulate, Text};

use super::super::{AppLabel, Frame, Page, pretty_xml};
use super::events::checks_for_samples;
use super::{CheckLine, app_new};
use crate::audit::ResultCode;

/// `GET /admin/apps/{id}/simulate?user=…`. Its form asks the same address with `user`.
#[derive(Debug, Template)]
#[template(path = "admin/app_simulate.html")]
pub struct AppSimulatePage {
    /// Surroundings.
    pub frame: Frame,
    /// The app.
    pub app: AppLabel,
    /// Its page: `/admin/apps/{id}`.
    pub app_url: String,
    /// The username asked about; may be empty.
    pub username: String,
    /// What is wrong with it.
    pub problems: Vec<super::super::Problem>,
    /// What would happen, once a user was named.
    pub outcome: Option<Simulation>,
}

/// What would happen.
#[derive(Debug, Clone)]
pub struct Simulation {
    /// The rule that refuses; `None` when the user is let in.
    pub refused: Option<ResultCode>,
    /// The consent page would stand before.
    pub consent: bool,
    /// The checks, in order.
    pub checks: Vec<CheckLine>,
    /// NameID: value and format.
    pub name_id: Option<(String, String)>,
    /// The attributes.
    pub attributes: Vec<ToldAttribute>,
    /// What is held back, and why.
    pub notes: Vec<String>,
    /// The assertion, unsigned.
    pub assertion: Option<String>,
}

/// One attribute as it would be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ToldAttribute {
    /// Name.
    pub name: String,
    /// Friendly name; may be empty.
    pub friendly: String,
    /// Values.
    pub values: Vec<String>,
}

impl AppSimulatePage {
    fn t(&self) -> &AppSimulate {
        &self.frame.t.app_simulate
    }

    fn problem(&self) -> Option<String> {
        app_new::problem_of(&self.problems, "user")
    }

    fn meaning(&self, code: &ResultCode) -> Text {
        self.frame.t.results.meaning(*code)
    }

    fn set_out(&self, xml: &str) -> String {
        pretty_xml(xml)
    }

    /// Sample data.
    pub fn sample() -> Self {
        Self {
            frame: Frame::sample_admin(),
            app: AppLabel::named("Sample Wiki"),
            app_url: "/admin/apps/wiki".into(),
            username: "sample.one".into(),
            problems: Vec::new(),
            outcome: Some(Simulation {
                refused: None,
                consent: true,
                checks: checks_for_samples(),
                name_id: Some((
                    "4g2akhnejyamjknsa7tzwipxchunbuv43dzci4ekjuyd7t7wz2ma".into(),
                    "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent".into(),
                )),
                attributes: vec![
                    ToldAttribute {
                        name: "urn:oid:0.9.2342.19200300.100.1.3".into(),
                        friendly: "mail".into(),
                        values: vec!["sample.one@example.org".into()],
                    },
                    ToldAttribute {
                        name: "urn:oid:1.3.6.1.4.1.5923.1.1.1.1".into(),
                        friendly: String::new(),
                        values: vec!["member".into(), "Ünï <&> 漢字".into()],
                    },
                ],
                notes: vec!["cn is held back: the user has no value".into()],
                assertion: Some("<saml:Assertion><saml:Subject/></saml:Assertion>".into()),
            }),
        }
    }
}

pub(super) fn samples() -> Vec<(&'static str, String)> {
    let empty = AppSimulatePage {
        username: String::new(),
        outcome: None,
        ..AppSimulatePage::sample()
    };
    let mut refused = AppSimulatePage::sample();
    if let Some(outcome) = &mut refused.outcome {
        outcome.refused = Some(ResultCode::AppAccessDenied);
        outcome.name_id = None;
        outcome.attributes.clear();
        outcome.assertion = None;
    }
    vec![
        ("admin-app-simulate", AppSimulatePage::sample().html()),
        ("admin-app-simulate-refused", refused.html()),
        ("admin-app-simulate-empty", empty.html()),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_is_shown_as_text() {
        let html = AppSimulatePage::sample().html();
        for part in ["mail", "member", "漢字", "&#60;saml:Assertion"] {
            assert!(html.contains(part), "{part} is missing");
        }
        assert!(!html.contains("<saml:") && !html.contains("<&>"));
    }
}
