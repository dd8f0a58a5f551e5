//! The consent page.

use askama::Template;

use crate::text::Consent;

use super::frame::web_link;
use super::{AppLabel, Frame, Page};

/// `GET /consent?p=ID`. Its form posts `p`, `csrf`, `shown` and `decision` (`accept` or `decline`) to
/// `/consent`.
#[derive(Debug, Template)]
#[template(path = "login/consent.html")]
pub struct ConsentPage {
    /// Surroundings.
    pub frame: Frame,
    /// The app that will receive the data.
    pub app: AppLabel,
    /// ID of the sign-on in progress.
    pub pending: String,
    /// What stands for the question shown, so that the answer is to this one.
    pub shown: String,
    /// How the app recognises the user, in words, for instance "a random ID made for this app
    /// only" or the e-mail address. None when no NameID is sent.
    pub subject: Option<String>,
    /// The attributes that will be released.
    pub attributes: Vec<ReleasedAttribute>,
    /// The app's privacy statement.
    pub privacy_url: Option<String>,
    /// The app's information page.
    pub info_url: Option<String>,
}

/// One attribute that will be released.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReleasedAttribute {
    /// Its name for people: the friendly name, or the SAML name without one.
    pub label: String,
    /// Its values.
    pub values: Vec<String>,
}

impl ConsentPage {
    fn t(&self) -> &Consent {
        &self.frame.t.consent
    }

    /// An attribute's name in plain words where there are some, with the technical name after it.
    fn label(&self, attribute: &ReleasedAttribute) -> (String, Option<String>) {
        match self.frame.t.attribute_names.of(&attribute.label) {
            Some(words) => (words.to_string(), Some(attribute.label.clone())),
            None => (attribute.label.clone(), None),
        }
    }

    fn privacy_link(&self) -> Option<&str> {
        web_link(self.privacy_url.as_deref()?)
    }

    fn info_link(&self) -> Option<&str> {
        web_link(self.info_url.as_deref()?)
    }

    /// Sample data.
    pub fn sample() -> Self {
        let attribute = |label: &str, values: &[&str]| ReleasedAttribute {
            label: label.into(),
            values: values.iter().map(|v| (*v).into()).collect(),
        };
        Self {
            frame: Frame::sample(),
            app: AppLabel::named("Sample Wiki"),
            pending: "sample-pending".into(),
            shown: "sample-question".into(),
            subject: Some("A random ID made for this app only".into()),
            attributes: vec![
                attribute("displayName", &["Sample User One"]),
                attribute(
                    "mail",
                    &["sample.one@example.org", "one.sample@example.org"],
                ),
                attribute(
                    "eduPersonEntitlement",
                    &[
                        "urn:mace:example.org:entitlement:a-rather-long-value-without-any-spaces:wiki",
                    ],
                ),
            ],
            privacy_url: Some("https://wiki.example.org/privacy".into()),
            info_url: None,
        }
    }
}

pub(super) fn samples() -> Vec<(&'static str, String)> {
    vec![("consent", ConsentPage::sample().html())]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_answers_are_buttons_of_one_form() {
        let html = ConsentPage::sample().html();
        assert!(html.contains("name=\"decision\" value=\"accept\""));
        assert!(html.contains("name=\"decision\" value=\"decline\""));
        assert!(html.contains("name=\"p\" value=\"sample-pending\""));
        assert!(html.contains("one.sample@example.org"));
    }

    #[test]
    fn attributes_are_named_in_plain_words_where_there_are_some() {
        let mut page = ConsentPage::sample();
        page.attributes[0].label = "sn".into();
        page.attributes[1].label = "urn:oasis:names:tc:SAML:attribute:pairwise-id".into();
        page.attributes[2].label = "badgeNumber".into();
        let html = page.html();
        assert!(html.contains("Family name") && html.contains(">sn<"));
        assert!(html.contains("An ID for this app only"));
        assert!(html.contains(">badgeNumber<"));
    }

    #[test]
    fn a_link_from_metadata_must_lead_to_the_web() {
        let page = |url: &str| ConsentPage {
            privacy_url: Some(url.into()),
            ..ConsentPage::sample()
        };
        assert!(
            page("https://a.example/p")
                .html()
                .contains("href=\"https://a.example/p\"")
        );
        assert!(!page("javascript:alert(1)").html().contains("javascript:"));
    }
}
