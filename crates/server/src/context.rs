//! What one request carries through a flow: the instant, who asks and from where, and the
//! services it may use. Made once a request, at the edge.

use std::net::IpAddr;
use std::sync::Arc;

use avouch_saml::time::{Random, Timestamp};

use crate::audit::trail::Occasion;
use crate::services::Services;

/// One request's surroundings.
#[derive(Clone)]
pub struct Context {
    /// The present, read once.
    pub now: Timestamp,
    /// Names this request in every log line.
    pub request_id: String,
    /// The client, as the trusted proxies tell it.
    pub client: IpAddr,
    /// The client's user agent, shortened.
    pub user_agent: String,
    /// The session cookie's secret, hashed, when there is one.
    pub session_hash: Option<String>,
    /// The browser cookie's secret; a fresh one when the browser brought none.
    pub browser: BrowserToken,
    /// Another site posted this: the browser kept its cookies back, so that their absence says
    /// nothing about whether it has any.
    pub cookies_withheld: bool,
    /// What a flow may use.
    pub services: Arc<Services>,
}

impl Context {
    /// What a sign-on that begins now is bound to: the browser's secret, unless this answer cannot
    /// tell the browser its secret. Then the first page of ours binds it.
    pub fn binding(&self) -> Option<String> {
        (self.browser.known || !self.cookies_withheld).then(|| self.browser.hash())
    }

    /// When and from where this is asked, for an event.
    pub fn occasion(&self) -> Occasion<'_> {
        Occasion {
            at: self.now,
            address: self.client,
            user_agent: &self.user_agent,
            request_id: &self.request_id,
        }
    }

    /// A source of randomness for this request.
    pub fn random(&self) -> Box<dyn Random> {
        self.services.random()
    }
}

/// The secret that binds a sign-on in progress to the browser that brought it, and from which
/// the browser's CSRF token is made.
#[derive(Clone)]
pub struct BrowserToken {
    secret: String,
    /// Whether the browser brought it, or has yet to be given it.
    pub known: bool,
}

impl BrowserToken {
    /// The token a browser brought.
    pub fn brought(secret: String) -> Self {
        Self {
            secret,
            known: true,
        }
    }

    /// A token for a browser that brought none.
    pub fn fresh(random: &mut dyn Random) -> Self {
        Self {
            secret: random_token(random),
            known: false,
        }
    }

    /// The cookie's value.
    pub fn secret(&self) -> &str {
        &self.secret
    }

    /// What is stored with a sign-on in progress.
    pub fn hash(&self) -> String {
        hash_token(&self.secret)
    }

    /// The token every form carries. The cookie's prefix keeps other hosts from setting the
    /// secret, and nobody can read it out of the cookie.
    pub fn csrf(&self) -> String {
        hash_token(&format!("csrf\0{}", self.secret))
    }

    /// Whether a form brought this browser's token, compared in constant time.
    pub fn csrf_matches(&self, token: &str) -> bool {
        let own = self.csrf();
        self.known
            && own.len() == token.len()
            && openssl::memcmp::eq(own.as_bytes(), token.as_bytes())
    }
}

/// A new secret for a cookie: 256 random bits in hex.
pub fn random_token(random: &mut dyn Random) -> String {
    let mut bytes = [0; 32];
    random.fill(&mut bytes);
    hex(&bytes)
}

/// The SHA-256 of a cookie's secret in hex: all that the database holds of it.
pub fn hash_token(secret: &str) -> String {
    hash_octets(secret.as_bytes())
}

/// The SHA-256 of octets in hex.
pub fn hash_octets(octets: &[u8]) -> String {
    // Not `openssl::sha::sha256`, which looks the algorithm up by its name each time.
    let mut hash = openssl::sha::Sha256::new();
    hash.update(octets);
    hex(&hash.finish())
}

fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |half: u8| char::from(DIGITS[usize::from(half)]);
    bytes
        .iter()
        .flat_map(|byte| [digit(byte >> 4), digit(byte & 15)])
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::SystemRandom;

    /// Proves AV-SEC-58: a form counts with the token of the browser that has the cookie, and with
    /// nothing near it.
    #[test]
    fn av_sec_58_only_the_browsers_own_token_matches() {
        let own = BrowserToken::brought("a secret".to_owned());
        let token = own.csrf();
        assert!(own.csrf_matches(&token));
        for wrong in [
            String::new(),
            token[1..].to_owned(),
            format!("{token}0"),
            token.to_uppercase(),
            format!("{}x", &token[..63]),
            own.secret().to_owned(),
            own.hash(),
            BrowserToken::brought("another secret".to_owned()).csrf(),
        ] {
            assert!(!own.csrf_matches(&wrong), "{wrong}");
        }
        // A browser without the cookie has no token, not even the one it was just given.
        let fresh = BrowserToken::fresh(&mut SystemRandom);
        assert!(!fresh.csrf_matches(&fresh.csrf()));
        assert!(BrowserToken::brought(fresh.secret().to_owned()).csrf_matches(&fresh.csrf()));
    }
}
