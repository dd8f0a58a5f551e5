//! The two cookies: the session, and the browser that a sign-on in progress is bound to.

use actix_web::HttpRequest;
use actix_web::http::header;

/// Names and attributes of the cookies, by whether the base URL has TLS. Without TLS a browser
/// neither takes a `Secure` cookie nor one with the `__Host-` prefix.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cookies {
    secure: bool,
}

/// A browser's cookie lives this long after its last use, in seconds.
const BROWSER_MAX_AGE_SECONDS: u32 = 30 * 24 * 3600;

impl Cookies {
    /// `secure`: the base URL is https.
    pub(crate) const fn new(secure: bool) -> Self {
        Self { secure }
    }

    const fn session_name(self) -> &'static str {
        if self.secure {
            "__Host-avouch"
        } else {
            "avouch"
        }
    }

    const fn browser_name(self) -> &'static str {
        if self.secure {
            "__Host-avouch-browser"
        } else {
            "avouch-browser"
        }
    }

    const fn known_name(self) -> &'static str {
        if self.secure {
            "__Host-avouch-known"
        } else {
            "avouch-known"
        }
    }

    /// The session's secret that the request brought.
    pub(crate) fn session(self, request: &HttpRequest) -> Option<String> {
        value(request, self.session_name(), is_secret)
    }

    /// The browser's secret that the request brought.
    pub(crate) fn browser(self, request: &HttpRequest) -> Option<String> {
        value(request, self.browser_name(), is_secret)
    }

    /// What the request brought to show that this browser signed in to an account before.
    pub(crate) fn known(self, request: &HttpRequest) -> Option<String> {
        value(request, self.known_name(), is_known)
    }

    /// Gives the browser a session. It ends with the browser, and the server ends it earlier.
    pub(crate) fn set_session(self, secret: &str) -> String {
        format!("{}={secret}; {}", self.session_name(), self.attributes())
    }

    /// Takes the session away.
    pub(crate) fn clear_session(self) -> String {
        format!("{}=; Max-Age=0; {}", self.session_name(), self.attributes())
    }

    /// Gives the browser its secret.
    pub(crate) fn set_browser(self, secret: &str) -> String {
        format!(
            "{}={secret}; Max-Age={BROWSER_MAX_AGE_SECONDS}; {}",
            self.browser_name(),
            self.attributes()
        )
    }

    /// Lets the browser show at the next login that it signed in to this account before.
    pub(crate) fn set_known(self, proof: &str, seconds: i64) -> String {
        format!(
            "{}={proof}; Max-Age={seconds}; {}",
            self.known_name(),
            self.attributes()
        )
    }

    /// Lax, not Strict: a sign-on begins with a link from another site, and has to find the
    /// session there.
    const fn attributes(self) -> &'static str {
        if self.secure {
            "Path=/; HttpOnly; SameSite=Lax; Secure"
        } else {
            "Path=/; HttpOnly; SameSite=Lax"
        }
    }
}

fn is_secret(value: &str) -> bool {
    value.len() == 64 && value.bytes().all(|b| b.is_ascii_hexdigit())
}

fn is_known(value: &str) -> bool {
    value.len() == 52 && value.bytes().all(|b| b.is_ascii_alphanumeric())
}

/// A cookie's value, when it has a form of ours.
fn value(request: &HttpRequest, name: &str, form: fn(&str) -> bool) -> Option<String> {
    request
        .headers()
        .get_all(header::COOKIE)
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(key, value)| *key == name && form(value))
        .map(|(_, value)| value.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;
    use proptest::prelude::*;
    use proptest::sample::select;

    /// Proves AV-SEC-62 for names and attributes.
    #[test]
    fn av_sec_62_cookies_are_bound_to_this_host_and_hidden_from_scripts() {
        let secure = Cookies::new(true);
        for cookie in [
            secure.set_session("s"),
            secure.set_browser("s"),
            secure.clear_session(),
        ] {
            assert!(cookie.starts_with("__Host-avouch"), "{cookie}");
            for attribute in ["Path=/", "HttpOnly", "SameSite=Lax", "Secure"] {
                assert!(cookie.contains(attribute), "{cookie}");
            }
            assert!(!cookie.contains("Domain"), "{cookie}");
        }
        let plain = Cookies::new(false).set_session("s");
        assert!(
            !plain.contains("__Host-") && !plain.contains("Secure"),
            "{plain}"
        );
    }

    #[test]
    fn only_a_secret_of_ours_is_read() {
        let cookies = Cookies::new(true);
        let good = "ab".repeat(32);
        for (header, want) in [
            (format!("__Host-avouch={good}"), Some(good.clone())),
            (
                format!("x=1; __Host-avouch={good}; y=2"),
                Some(good.clone()),
            ),
            (format!("avouch={good}"), None),
            (format!("__Host-avouch={good}0"), None),
            ("__Host-avouch=<script>".to_owned(), None),
            (String::new(), None),
        ] {
            let request = TestRequest::default()
                .insert_header(("Cookie", header.clone()))
                .to_http_request();
            assert_eq!(cookies.session(&request), want, "{header}");
        }
    }

    const PIECES: &[&[u8]] = &[
        b"__Host-avouch=",
        b"__Host-avouch-known=",
        b";",
        b"=",
        b" ",
        b"\"",
        b"ab",
        b"\xe9",
        b"\t",
    ];

    proptest! {
        /// Whatever stands in the header, what is read has a form of ours; other sites' cookies of
        /// the same host do not hide it.
        #[test]
        fn only_forms_of_ours_are_read_from_anything(
            before in proptest::collection::vec(
                select(PIECES),
                0..40,
            )
        ) {
            use actix_web::http::header::HeaderValue;
            let cookies = Cookies::new(true);
            let good = "0a".repeat(32);
            let junk = before.concat();
            let request = TestRequest::default()
                .append_header(("Cookie", HeaderValue::from_bytes(&junk).expect("a value")))
                .append_header(("Cookie", format!("x; __Host-avouch={good}")))
                .to_http_request();
            let session = cookies.session(&request).expect("the good one is found");
            prop_assert!(session.len() == 64 && session.bytes().all(|b| b.is_ascii_hexdigit()));
            prop_assert!(cookies.browser(&request).is_none());
            prop_assert!(cookies.known(&request).is_none_or(|known| known.len() == 52));
        }
    }
}
