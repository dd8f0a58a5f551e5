//! How a user starts again when a sign-on cannot go on.

use avouch_saml::ids::RelayState;

use crate::apps::App;
use crate::flow::outcome::AppName;

/// One click to start again: the launch URL with the RelayState kept, or the SP's own start page
/// where unsolicited responses are not wanted.
pub fn url(app: &App, relay_state: Option<&RelayState>) -> Option<String> {
    let saml = &app.definition.saml;
    if !saml.allow_unsolicited {
        return app.definition.start_url.clone();
    }
    let mut url = format!("/launch/{}", app.api_name);
    if let Some(relay_state) = relay_state.filter(|_| saml.allow_relay_state_override) {
        url.push_str("?RelayState=");
        escape(relay_state.as_str(), &mut url);
    }
    Some(url)
}

/// The app as people know it.
pub fn label(app: &App) -> AppName {
    AppName {
        name: app.name.clone(),
        logo: app.definition.logo_url.clone(),
    }
}

/// Escapes everything but unreserved characters (RFC 3986 §2.3).
fn escape(text: &str, out: &mut String) {
    use std::fmt::Write;
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            write!(out, "%{byte:02X}").expect("writing to a String does not fail");
        }
    }
}
