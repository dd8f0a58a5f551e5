//! The public address of Avouch.

use std::fmt;
use std::net::IpAddr;

use avouch_saml::ids::is_web_url;

/// `scheme://host[:port]`, as browsers and service providers reach Avouch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BaseUrl {
    text: String,
    secure: bool,
    host: String,
}

impl BaseUrl {
    /// Reads the address. A slash at the end is dropped; a path is refused, since `__Host-`
    /// cookies belong to a whole host.
    ///
    /// # Errors
    /// What was expected, in words.
    pub fn parse(text: &str) -> Result<Self, String> {
        const EXPECTED: &str =
            "an https (or http) URL without path, such as https://login.example.org";
        let text = text.strip_suffix('/').unwrap_or(text).to_ascii_lowercase();
        if !is_web_url(&text) {
            return Err(EXPECTED.to_owned());
        }
        let (scheme, rest) = text.split_once("://").ok_or(EXPECTED)?;
        if rest.contains(['/', '?', '#', '@']) {
            return Err(EXPECTED.to_owned());
        }
        let host = if let Some(bracketed) = rest.strip_prefix('[') {
            bracketed.split(']').next().unwrap_or_default()
        } else {
            rest.split(':').next().unwrap_or_default()
        };
        if host.is_empty() {
            return Err(EXPECTED.to_owned());
        }
        Ok(Self {
            secure: scheme == "https",
            host: host.to_owned(),
            text,
        })
    }

    /// The address, without a slash at the end.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The URL of a path that begins with a slash.
    pub fn join(&self, path: &str) -> String {
        format!("{}{path}", self.text)
    }

    /// Whether it is https.
    pub fn is_https(&self) -> bool {
        self.secure
    }

    /// Host and port, as a request's Host header has them.
    pub fn authority(&self) -> &str {
        self.text
            .split_once("://")
            .map_or("", |(_, authority)| authority)
    }

    /// The host's name or address, without port or brackets.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// Whether only this machine can mean it.
    pub fn is_loopback(&self) -> bool {
        self.host == "localhost"
            || self.host.ends_with(".localhost")
            || self.host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
    }
}

impl fmt::Display for BaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}
