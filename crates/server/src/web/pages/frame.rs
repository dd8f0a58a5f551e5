//! What every page has around its content.

use chrono::{DateTime, SecondsFormat, Utc};

use crate::apps::link::is_held_logo;
use crate::text::{Catalogue, Locale};

use super::assets;

/// The surroundings of a page: language, who is signed in, banners.
#[derive(Debug, Clone)]
pub struct Frame {
    /// All texts in the reader's language.
    pub t: &'static Catalogue,
    /// The CSRF token that every form of the page carries in its field `csrf`.
    pub csrf: String,
    /// The signed-in user, if there is one.
    pub viewer: Option<Viewer>,
    /// Whose server this is, as shown at the foot of the page; may be empty.
    pub organisation: String,
    /// The base URL is plain http beyond loopback: administrators see a standing warning.
    pub insecure_http: bool,
    /// This is `avouch dev`: the navigation has a link to `/dev`.
    pub developer: bool,
    /// Something to say once above the content, for instance that changes were saved.
    pub notice: Option<Notice>,
}

/// The signed-in user, as the header shows them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Viewer {
    /// Display name, or the username if there is none; empty to show nothing.
    pub name: String,
    /// Has some admin right, so the header leads to the admin pages.
    pub is_admin: bool,
}

/// A sentence above the content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// How it is meant.
    pub tone: Tone,
    /// The sentence.
    pub text: String,
}

/// How a notice, a row or a badge is meant. Pages never rely on its colour alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    /// It worked, it is fine.
    Good,
    /// Neither good nor bad.
    Neutral,
    /// It deserves attention.
    Warning,
    /// It failed.
    Problem,
}

impl Tone {
    /// The CSS class of this tone.
    pub fn class(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Neutral => "neutral",
            Self::Warning => "warning",
            Self::Problem => "problem",
        }
    }
}

impl Frame {
    /// A frame for nobody in particular, without banners.
    pub fn new(locale: Locale) -> Self {
        Self {
            t: locale.catalogue(),
            csrf: String::new(),
            viewer: None,
            organisation: String::new(),
            insecure_http: false,
            developer: false,
            notice: None,
        }
    }

    /// The URL of an embedded asset, which changes when its content does.
    pub fn asset(&self, name: &str) -> String {
        assets::url(name)
    }

    /// Whether the page has administrators' navigation.
    pub fn is_admin(&self) -> bool {
        self.viewer.as_ref().is_some_and(|viewer| viewer.is_admin)
    }

    /// Whether the foot of the page names the organisation: not when it only repeats the product.
    pub(super) fn names_organisation(&self) -> bool {
        !self.organisation.is_empty() && self.organisation != self.t.common.product.0
    }

    /// A signed-in user's frame, for the samples.
    pub(super) fn sample() -> Self {
        Self {
            csrf: "sample-csrf-token".into(),
            viewer: Some(Viewer {
                name: "Sample User One".into(),
                is_admin: false,
            }),
            organisation: "Example University".into(),
            ..Self::new(Locale::English)
        }
    }

    /// An administrator's frame, for the samples.
    pub(super) fn sample_admin() -> Self {
        Self {
            viewer: Some(Viewer {
                name: "Sample Admin".into(),
                is_admin: true,
            }),
            ..Self::sample()
        }
    }

    /// A frame for somebody not signed in, for the samples.
    pub(super) fn sample_anonymous() -> Self {
        Self {
            viewer: None,
            ..Self::sample()
        }
    }
}

/// An app as people see it: its name and, if it has one, its logo.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AppLabel {
    /// The name people know it by.
    pub name: String,
    /// Its logo, held by this server. A page shows the name's first letter without one.
    logo: Option<String>,
}

impl AppLabel {
    /// A label with the logo that metadata or settings have, when pages may show it: browsers are
    /// never sent to another site for one, which would tell that site who signs in where.
    pub fn new(name: impl Into<String>, logo: Option<&str>) -> Self {
        Self {
            name: name.into(),
            logo: logo.filter(|url| is_held_logo(url)).map(str::to_owned),
        }
    }

    /// A label without a logo.
    pub fn named(name: impl Into<String>) -> Self {
        Self::new(name, None)
    }

    /// The logo, for an `img`.
    pub(super) fn logo(&self) -> Option<&str> {
        self.logo.as_deref()
    }

    /// What stands in for a missing logo.
    pub fn initial(&self) -> String {
        self.name
            .chars()
            .find(|c| c.is_alphanumeric())
            .map_or_else(|| "?".into(), |c| c.to_uppercase().to_string())
    }
}

/// An instant, for `<time>`: shown in UTC to the second, exact to the millisecond.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Moment {
    /// RFC 3339 in UTC, to the millisecond.
    pub iso: String,
    /// For reading: `2026-03-02 14:05:09 UTC`.
    pub shown: String,
    /// For reading, the day only: `2026-03-02`.
    pub day: String,
}

impl Moment {
    /// The instant `millis` milliseconds after 1970-01-01 UTC; the epoch if it is out of range.
    pub fn from_unix_millis(millis: i64) -> Self {
        let at = DateTime::<Utc>::from_timestamp_millis(millis).unwrap_or_default();
        Self {
            iso: at.to_rfc3339_opts(SecondsFormat::Millis, true),
            shown: at.format("%Y-%m-%d %H:%M:%S UTC").to_string(),
            day: at.format("%Y-%m-%d").to_string(),
        }
    }

    /// An instant for the samples.
    pub(super) fn sample() -> Self {
        Self::from_unix_millis(1_772_460_309_250)
    }
}

/// The URL, if a link may lead to it: metadata can hold any scheme.
pub(super) fn web_link(url: &str) -> Option<&str> {
    let scheme = url.split_once("://")?.0.to_ascii_lowercase();
    matches!(scheme.as_str(), "https" | "http").then_some(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_organisation_without_a_name_of_its_own_is_not_repeated() {
        let named = |organisation: &str| {
            Frame {
                organisation: organisation.into(),
                ..Frame::sample()
            }
            .names_organisation()
        };
        assert!(named("Example University"));
        assert!(!named("") && !named("Avouch"));
    }

    #[test]
    fn a_moment_is_shown_in_utc() {
        let moment = Moment::from_unix_millis(1_772_460_309_250);
        assert_eq!(moment.iso, "2026-03-02T14:05:09.250Z");
        assert_eq!(moment.shown, "2026-03-02 14:05:09 UTC");
        assert_eq!(moment.day, "2026-03-02");
    }

    #[test]
    fn only_a_logo_that_is_here_is_shown() {
        let shown = |logo| AppLabel::new("Wiki", Some(logo)).logo;
        let image = "data:image/png;base64,AAAA";
        assert_eq!(shown(image).as_deref(), Some(image));
        assert_eq!(shown("https://sp.example.org/logo.png"), None);
    }

    #[test]
    fn an_app_without_logo_has_an_initial() {
        assert_eq!(AppLabel::named("«wiki»").initial(), "W");
        assert_eq!(AppLabel::named("漢字").initial(), "漢");
        assert_eq!(AppLabel::named("--").initial(), "?");
    }
}
