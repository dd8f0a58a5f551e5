//! What is probably wrong with a message that could not be read: the mistakes that everybody makes
//! once when writing a service provider.

use avouch_saml::binding::{Transport, redirect};
use avouch_saml::message::authn_request::AuthnRequest;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use percent_encoding::percent_decode_str;

/// What to do about `raw`, the query or form that came; `None` when nothing usual is seen in it.
pub fn hint(transport: Transport, raw: &str) -> Option<&'static str> {
    let Some(encoded) = parameter(raw, "SAMLRequest") else {
        return Some(missing(transport, raw));
    };
    let value = decoded(encoded);
    let xml = value.trim_start();
    if xml.starts_with('<') {
        return Some(match transport {
            Transport::Redirect => {
                "looks like bare XML: HTTP-Redirect carries the XML deflated, then in base64, then \
                 percent-encoded"
            }
            Transport::Post => "looks like bare XML: HTTP-POST carries the XML in base64",
        });
    }
    if value.contains(' ') {
        return Some(
            "there are spaces in the base64, which is what a + becomes that is not written as %2B: \
             percent-encode the value",
        );
    }
    if value.contains(['-', '_']) {
        return Some("looks like base64url: SAML uses the ordinary alphabet, with + and /");
    }
    if value.contains('%') {
        return Some("looks percent-encoded twice");
    }
    let compact: String = value.chars().filter(|c| !c.is_whitespace()).collect();
    let octets = BASE64.decode(&compact).ok()?;
    let inner = String::from_utf8_lossy(&octets);
    match transport {
        Transport::Redirect if inner.trim_start().starts_with('<') => Some(
            "looks not deflated: HTTP-Redirect carries the XML deflated (RFC 1951), then in base64",
        ),
        Transport::Post
            if redirect::receive::<AuthnRequest>(&format!("SAMLRequest={encoded}")).is_ok() =>
        {
            Some(
                "looks deflated: HTTP-POST carries plain base64 of the XML; only HTTP-Redirect \
             deflates it",
            )
        }
        _ if octets.starts_with(&[0x1f, 0x8b]) => {
            Some("looks gzipped: HTTP-Redirect wants raw DEFLATE (RFC 1951), without a header")
        }
        // The two octets of a zlib header are a multiple of 31 (RFC 1950).
        _ if matches!(octets[..], [0x78, flags, ..]
            if (0x7800 + u32::from(flags)).is_multiple_of(31)) =>
        {
            Some(
                "looks like zlib: HTTP-Redirect wants raw DEFLATE (RFC 1951), without zlib's \
                 header and checksum",
            )
        }
        _ if inner.len() >= 20 && BASE64.decode(inner.trim()).is_ok() => {
            Some("looks like base64 twice")
        }
        _ => None,
    }
}

fn missing(transport: Transport, raw: &str) -> &'static str {
    if parameter(raw, "SAMLResponse").is_some() {
        return "a SAMLResponse came: this is the identity provider, which takes AuthnRequests in \
                SAMLRequest and sends Responses to your ACS";
    }
    match transport {
        Transport::Redirect => "send the AuthnRequest as the query parameter SAMLRequest",
        Transport::Post => {
            "send the AuthnRequest as the form field SAMLRequest, with the content type \
             application/x-www-form-urlencoded"
        }
    }
}

fn parameter<'r>(raw: &'r str, name: &str) -> Option<&'r str> {
    raw.split('&')
        .filter_map(|pair| pair.split_once('='))
        .find(|(known, _)| *known == name)
        .map(|(_, value)| value)
}

/// The value of a form's field; escapes that are broken stay as they are.
fn decoded(value: &str) -> String {
    let spaced = value.replace('+', " ");
    percent_decode_str(&spaced).decode_utf8_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use avouch_saml::binding::post;

    const XML: &str = "<samlp:AuthnRequest xmlns:samlp=\"urn:oasis:names:tc:SAML:2.0:protocol\" \
        xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\" ID=\"_1\" Version=\"2.0\" \
        IssueInstant=\"2026-03-02T14:05:09Z\"><saml:Issuer>https://sp.example.org</saml:Issuer>\
        </samlp:AuthnRequest>";
    /// The request above as Python's `zlib.compress` makes it; without the first two octets and
    /// the last four it is raw DEFLATE.
    const ZLIB: &str = "eJx9jzsLwkAQhP9KuN7kEh/gkgQCNgFtVCxs5AiLCeQe3u5Bfr5nbGJjOd/MMExJSo8OmsC9OeMrIHEy\
        6dEQzEYlgjdgFQ0ERmkk4A4uzekIRSrBecu2s6NYVP43FBF6HqwRSXuoxCMXyQ09RVCJ6EdKFLA1xMpw\
        RLLYreR6JYtrvgG5Bbm/i7r87MCc9HXP7AiyjFyKk9JuxNT6Z5ktM1/1+7J+A3dcVYU=";

    fn escaped(text: &str) -> String {
        text.replace('%', "%25")
            .replace('+', "%2B")
            .replace('/', "%2F")
            .replace('=', "%3D")
    }

    fn field(text: &str) -> String {
        format!("RelayState=x&SAMLRequest={}", escaped(text))
    }

    #[test]
    fn the_usual_mistakes_are_recognised() {
        let zlib = BASE64.decode(ZLIB).expect("base64");
        let deflated = BASE64.encode(&zlib[2..zlib.len() - 4]);
        let plain = BASE64.encode(XML);
        let gzip = BASE64.encode([0x1f, 0x8b, 8, 0, 0, 0, 0, 0]);
        use Transport::{Post, Redirect};
        for (transport, raw, wants) in [
            (Post, field(&deflated), "looks deflated"),
            (Redirect, field(&plain), "looks not deflated"),
            (Redirect, field(ZLIB), "looks like zlib"),
            (Redirect, field(&gzip), "looks gzipped"),
            (Post, field(XML), "looks like bare XML: HTTP-POST"),
            (Redirect, field(XML), "looks like bare XML: HTTP-Redirect"),
            (Post, field(&BASE64.encode(&plain)), "base64 twice"),
            (Redirect, field("ab+c").replace("%2B", "+"), "spaces"),
            (Redirect, field("ab-c_d"), "base64url"),
            (Redirect, field(&escaped("ab+c")), "percent-encoded twice"),
            (Post, "SAMLResponse=AAAA".into(), "takes AuthnRequests"),
            (Post, "{}".into(), "content type"),
            (Redirect, String::new(), "query parameter SAMLRequest"),
        ] {
            let said = hint(transport, &raw).unwrap_or("");
            assert!(said.contains(wants), "{raw}: {said:?}");
        }
    }

    #[test]
    fn nothing_is_said_of_what_is_right_or_wrong_in_another_way() {
        let zlib = BASE64.decode(ZLIB).expect("base64");
        let right = field(&BASE64.encode(&zlib[2..zlib.len() - 4]));
        assert!(redirect::receive::<AuthnRequest>(&right).is_ok());
        assert_eq!(hint(Transport::Redirect, &right), None);
        let right = field(&BASE64.encode(XML));
        assert!(post::receive::<AuthnRequest>(right.as_bytes(), "").is_ok());
        assert_eq!(hint(Transport::Post, &right), None);
        assert_eq!(hint(Transport::Post, "SAMLRequest=!!!!"), None);
    }
}
