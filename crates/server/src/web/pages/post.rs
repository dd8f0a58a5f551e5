//! The page that carries a Response to the service provider.

use askama::Template;

use crate::text::Post;

use super::{Frame, Page};

/// A form with the Response, which a script submits and a button submits without scripts.
///
/// Serve it with `Cache-Control: no-store` and [`super::policy::leading_on`] of the same ACS.
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
    /// Whether the Response says that the user is signed in, or an error status.
    pub success: bool,
}

impl PostPage {
    fn t(&self) -> &Post {
        &self.frame.t.post
    }

    fn heading(&self) -> String {
        let t = self.t();
        let text = if self.success { t.title } else { t.title_error };
        text.with(&self.app_name)
    }

    /// Sample data.
    pub fn sample() -> Self {
        Self {
            frame: Frame::sample_anonymous(),
            app_name: "Sample Wiki".into(),
            acs: "https://wiki.example.org/Shibboleth.sso/SAML2/POST".into(),
            saml_response: "PHNhbXBsZS8+".into(),
            relay_state: Some("ss:mem:1f0c?a=1&b=\"2\"".into()),
            success: true,
        }
    }
}

pub(super) fn samples() -> Vec<(&'static str, String)> {
    let refused = PostPage {
        success: false,
        ..PostPage::sample()
    };
    vec![
        ("post", PostPage::sample().html()),
        ("post-refused", refused.html()),
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
    fn relay_state_is_absent_when_none_came() {
        let page = PostPage {
            relay_state: None,
            ..PostPage::sample()
        };
        assert!(!page.html().contains("RelayState"));
    }
}
