//! The page that Avouch's metadata names as its errorURL.

use askama::Template;

use crate::text::{ErrorHelp, Text};

use super::error::contact_link;
use super::{Frame, Moment, Page};

/// `GET /error-help`: an SP that could not sign a user in sends them here, with parameters of
/// the SAML V2.0 Metadata Deployment Profile for errorURL if it knows them. All values are the
/// SP's claims and are shown as such.
#[derive(Debug, Template)]
#[template(path = "error_help.html")]
pub struct ErrorHelpPage {
    /// Surroundings.
    pub frame: Frame,
    /// ERRORURL_CODE, or None when the page was opened without one: then every topic is shown.
    pub topic: Option<HelpTopic>,
    /// ERRORURL_RP: the SP's entity ID; empty if not given.
    pub app: String,
    /// ERRORURL_TID: the SP's own reference; empty if not given.
    pub transaction: String,
    /// ERRORURL_CTX: what the SP adds; empty if not given.
    pub context: String,
    /// ERRORURL_TS, seconds since 1970, if it was given and is a number.
    pub at: Option<Moment>,
    /// How to ask for help.
    pub contact: Option<String>,
}

/// The four values of ERRORURL_CODE.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HelpTopic {
    /// IDENTIFICATION_FAILURE: an attribute is missing.
    Identification,
    /// AUTHENTICATION_FAILURE: a stronger or fresher login is needed.
    Authentication,
    /// AUTHORIZATION_FAILURE: the SP does not let this user in.
    Authorization,
    /// OTHER_ERROR.
    Other,
}

impl HelpTopic {
    const ALL: [Self; 4] = [
        Self::Identification,
        Self::Authentication,
        Self::Authorization,
        Self::Other,
    ];

    /// Reads ERRORURL_CODE. The literal placeholder, or anything unknown, is None.
    pub fn from_code(code: &str) -> Option<Self> {
        match code {
            "IDENTIFICATION_FAILURE" => Some(Self::Identification),
            "AUTHENTICATION_FAILURE" => Some(Self::Authentication),
            "AUTHORIZATION_FAILURE" => Some(Self::Authorization),
            "OTHER_ERROR" => Some(Self::Other),
            _ => None,
        }
    }

    fn texts(self, t: &ErrorHelp) -> (Text, Text, Text) {
        match self {
            Self::Identification => (
                t.identification_title,
                t.identification_text,
                t.identification_action,
            ),
            Self::Authentication => (
                t.authentication_title,
                t.authentication_text,
                t.authentication_action,
            ),
            Self::Authorization => (
                t.authorization_title,
                t.authorization_text,
                t.authorization_action,
            ),
            Self::Other => (t.other_title, t.other_text, t.other_action),
        }
    }
}

impl ErrorHelpPage {
    fn t(&self) -> &ErrorHelp {
        &self.frame.t.error_help
    }

    fn topics(&self) -> Vec<(Text, Text, Text)> {
        match self.topic {
            Some(topic) => vec![topic.texts(self.t())],
            None => HelpTopic::ALL
                .iter()
                .map(|topic| topic.texts(self.t()))
                .collect(),
        }
    }

    fn has_details(&self) -> bool {
        self.at.is_some()
            || [&self.app, &self.transaction, &self.context]
                .iter()
                .any(|v| !v.is_empty())
    }

    fn contact_link(&self) -> Option<String> {
        contact_link(self.contact.as_deref()?)
    }

    /// Sample data.
    pub fn sample() -> Self {
        Self {
            frame: Frame::sample_anonymous(),
            topic: Some(HelpTopic::Identification),
            app: "https://wiki.example.org/shibboleth".into(),
            transaction: "wiki-20260302-0042".into(),
            context: "urn:oid:0.9.2342.19200300.100.1.3 mail".into(),
            at: Some(Moment::sample()),
            contact: Some("helpdesk@example.org".into()),
        }
    }
}

pub(super) fn samples() -> Vec<(&'static str, String)> {
    let general = ErrorHelpPage {
        topic: None,
        app: String::new(),
        transaction: String::new(),
        context: String::new(),
        at: None,
        ..ErrorHelpPage::sample()
    };
    vec![
        ("error-help", ErrorHelpPage::sample().html()),
        ("error-help-general", general.html()),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_selects_its_topic_and_none_shows_all() {
        assert_eq!(HelpTopic::from_code("ERRORURL_CODE"), None);
        let mut page = ErrorHelpPage::sample();
        page.topic = HelpTopic::from_code("AUTHORIZATION_FAILURE");
        let one = page.html();
        assert!(one.contains("may not use the app"));
        assert!(!one.contains("stronger sign-in"));
        page.topic = None;
        assert!(page.html().contains("stronger sign-in"));
    }

    #[test]
    fn what_the_sp_claims_is_escaped() {
        let page = ErrorHelpPage {
            context: "<script>alert(1)</script>".into(),
            ..ErrorHelpPage::sample()
        };
        assert!(!page.html().contains("<script>alert"));
    }
}
