//! The page that carries a Response to the service provider.

use askama::Template;

use crate::audit::ResultCode;
use crate::text::Post;

use super::error::{capitalised, contact_link};
use super::{ErrorKind, Frame, Page};

/// A form with the Response, which a script submits and a button submits without scripts.
///
/// A user whom a decision keeps out sees why before the form goes on: then nothing submits it but
/// the button. Serve the page with `Cache-Control: no-store` and [`super::policy::leading_on`] of
/// the same ACS.
#[derive(Debug, Template)]
#[template(path = "saml/post.html")]
pub struct PostPage {
    /// Surroundings.
    pub frame: Frame,
    /// The app's name.
    pub app_name: String,
    /// The ACS URL.
    pub acs: String,
    /// The signed Response, base64.
    pub saml_response: String,
    /// The RelayState to give back, exactly as it came.
    pub relay_state: Option<String>,
    /// What the Response says.
    pub outcome: PostOutcome,
}

/// What a Response says, as far as the user has to know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PostOutcome {
    /// The user is signed in.
    SignedIn,
    /// A status that is between the app and Avouch; the page goes on by itself.
    Status,
    /// A decision about the user, who sees it first.
    Refused {
        /// What was decided.
        kind: ErrorKind,
        /// Reference code.
        code: String,
        /// How to ask for help.
        contact: Option<String>,
    },
}

impl PostOutcome {
    /// A refusal: shown when it is a decision about this user or this app, so that waiting or
    /// asking an administrator helps; passed on when it is about the request, or the user's own
    /// wish.
    pub fn refused(result: ResultCode, code: String, contact: Option<String>) -> Self {
        match result {
            ResultCode::AppAccessDenied
            | ResultCode::AppBlocked
            | ResultCode::AppNotInstalled
            | ResultCode::UserInactive
            | ResultCode::OutsideIpRange
            | ResultCode::SessionLevelTooLow
            | ResultCode::NoFederationId
            | ResultCode::NoCustomAttributeValue
            | ResultCode::NoEncryptionKey
            | ResultCode::InvalidSettings => Self::Refused {
                kind: result.into(),
                code,
                contact,
            },
            _ => Self::Status,
        }
    }
}

impl PostPage {
    fn t(&self) -> &Post {
        &self.frame.t.post
    }

    /// The Response as the template writes it, unescaped: escaping would look at every byte of the
    /// longest value there is, and base64 has nothing to escape. Anything else is left out.
    fn encoded(&self) -> &str {
        // Without an early end, so that the compiler looks at many bytes at once.
        let base64 = self.saml_response.bytes().fold(true, |so_far, b| {
            so_far & (b.is_ascii_alphanumeric() | (b == b'+') | (b == b'/') | (b == b'='))
        });
        if base64 { &self.saml_response } else { "" }
    }

    fn heading(&self) -> String {
        match &self.outcome {
            PostOutcome::SignedIn => self.t().title.with(&self.app_name),
            PostOutcome::Status => self.t().title_error.with(&self.app_name),
            PostOutcome::Refused { kind, .. } => {
                let explanation = kind.explanation(&self.frame.t.errors);
                capitalised(&explanation.title.with(&self.app_name))
            }
        }
    }

    fn what(&self, kind: &ErrorKind) -> String {
        let explanation = kind.explanation(&self.frame.t.errors);
        capitalised(&explanation.what.with(&self.app_name))
    }

    fn action(&self, kind: &ErrorKind) -> String {
        kind.explanation(&self.frame.t.errors).action.to_string()
    }

    fn contact_link(&self, contact: &str) -> Option<String> {
        contact_link(contact)
    }

    /// Sample data.
    pub fn sample() -> Self {
        Self {
            frame: Frame::sample_anonymous(),
            app_name: "Sample Wiki".into(),
            acs: "https://wiki.example.org/Shibboleth.sso/SAML2/POST".into(),
            saml_response: "PHNhbXBsZS8+".into(),
            relay_state: Some("ss:mem:1f0c?a=1&b=\"2\"".into()),
            outcome: PostOutcome::SignedIn,
        }
    }

    /// Sample data of a refusal.
    pub fn sample_refused() -> Self {
        Self {
            outcome: PostOutcome::refused(
                ResultCode::AppAccessDenied,
                "7K4M-2QXP".into(),
                Some("helpdesk@example.org".into()),
            ),
            ..Self::sample()
        }
    }
}

pub(super) fn samples() -> Vec<(&'static str, String)> {
    let status = PostPage {
        outcome: PostOutcome::Status,
        ..PostPage::sample()
    };
    vec![
        ("post", PostPage::sample().html()),
        ("post-status", status.html()),
        ("post-refused", PostPage::sample_refused().html()),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_form_posts_to_the_acs_and_escapes_what_it_carries() {
        let html = PostPage::sample().html();
        assert_eq!(html.matches("<form").count(), 1);
        assert!(html.contains("action=\"https://wiki.example.org/Shibboleth.sso/SAML2/POST\""));
        assert!(html.contains("name=\"SAMLResponse\" value=\"PHNhbXBsZS8+\""));
        assert!(html.contains("name=\"RelayState\" value=\"ss:mem:1f0c?a=1&#38;b=&#34;2&#34;\""));
        assert!(
            html.contains("<button"),
            "a browser without scripts needs a button"
        );
    }

    #[test]
    fn a_decision_about_the_user_is_shown_before_it_goes_on() {
        let html = PostPage::sample_refused().html();
        assert!(html.contains("7K4M-2QXP") && html.contains("mailto:helpdesk@example.org"));
        assert!(!html.contains("<script"), "only the user sends it");
        assert!(html.contains("name=\"SAMLResponse\"") && html.contains("<button"));
        assert!(PostPage::sample().html().contains("<script"));
    }

    #[test]
    fn what_is_between_app_and_avouch_goes_on_by_itself() {
        for result in [
            ResultCode::NoPassive,
            ResultCode::NoAuthnContext,
            ResultCode::Cancelled,
        ] {
            assert_eq!(
                PostOutcome::refused(result, "C".into(), None),
                PostOutcome::Status
            );
        }
    }

    #[test]
    fn relay_state_is_absent_when_none_came() {
        let page = PostPage {
            relay_state: None,
            ..PostPage::sample()
        };
        assert!(!page.html().contains("RelayState"));
    }
}
