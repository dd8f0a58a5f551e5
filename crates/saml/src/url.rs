//! Whether two addresses are the same one, spelt in two ways.
//!
//! Spec: RFC 3986 §6.2.2 and §6.2.3.

use std::borrow::Cow;

/// Whether two web addresses name the same place: letter case of scheme and host, the port that the
/// scheme has anyway, the letter case of an escape, an escape that need not be one and an empty path
/// make no difference. Whatever is no plain web address is compared octet for octet.
///
/// This only tells which registered address is meant. What is sent goes to the registered text.
pub fn same_address(a: &str, b: &str) -> bool {
    a == b || matches!((normal(a), normal(b)), (Some(a), Some(b)) if a == b)
}

/// The address in normal form; `None` for what is none.
fn normal(address: &str) -> Option<String> {
    let (scheme, rest) = address.split_once("://")?;
    let default_port = match scheme.to_ascii_lowercase().as_str() {
        "https" => ":443",
        "http" => ":80",
        _ => return None,
    };
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, rest) = rest.split_at(end);
    // Readers disagree about where a host ends in these.
    if authority.is_empty() || authority.contains(['@', '\\', '%']) || !address.is_ascii() {
        return None;
    }
    let host = authority.to_ascii_lowercase();
    let host = host.strip_suffix(default_port).unwrap_or(&host);
    let host = host.strip_suffix(':').unwrap_or(host);
    let slash = if rest.starts_with('/') { "" } else { "/" };
    let scheme = scheme.to_ascii_lowercase();
    Some(format!("{scheme}://{host}{slash}{}", escapes(rest)?))
}

/// With each escape in capital letters, and none of what may stand unescaped anywhere; `None` when an
/// escape is broken.
fn escapes(text: &str) -> Option<Cow<'_, str>> {
    if !text.contains('%') {
        return Some(Cow::Borrowed(text));
    }
    let mut normal = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('%') {
        normal.push_str(before);
        let digits = after.get(..2)?;
        if !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
            return None;
        }
        let octet = u8::from_str_radix(digits, 16).ok()?;
        if octet.is_ascii_alphanumeric() || b"-._~".contains(&octet) {
            normal.push(char::from(octet));
        } else {
            normal.push('%');
            normal.push_str(&digits.to_ascii_uppercase());
        }
        rest = &after[2..];
    }
    normal.push_str(rest);
    Some(Cow::Owned(normal))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn field_56_spellings_of_one_address_are_the_same() {
        let plain = "https://sp.example.org/saml/acs?a=1";
        for same in [
            "https://sp.example.org:443/saml/acs?a=1",
            "HTTPS://SP.Example.ORG/saml/acs?a=1",
            "https://sp.example.org:/saml/acs?a=1",
            "https://sp.example.org/s%61ml/acs?a=1",
            "https://sp.example.org/saml/acs?%61=1",
        ] {
            assert!(
                same_address(plain, same) && same_address(same, plain),
                "{same}"
            );
        }
        assert!(same_address(
            "https://a.example.org",
            "https://a.example.org/"
        ));
        assert!(same_address(
            "https://a.example.org?x",
            "https://a.example.org/?x"
        ));
        assert!(same_address(
            "http://a.example.org:80/%c3%a9",
            "http://a.example.org/%C3%A9"
        ));
    }

    #[test]
    fn other_addresses_stay_others() {
        let plain = "https://sp.example.org/saml/acs?a=1";
        for other in [
            "http://sp.example.org/saml/acs?a=1",
            "https://sp.example.org:80/saml/acs?a=1",
            "https://sp.example.org:4430/saml/acs?a=1",
            "https://sp.example.org/saml/acs/?a=1",
            "https://sp.example.org/saml/ACS?a=1",
            "https://sp.example.org/saml/acs?a=1#",
            "https://sp.example.org/saml/x/../acs?a=1",
            "https://sp.example.org/saml%2Facs?a=1",
            "https://sp.example.org/saml/acs?a=%31%",
            "https://x@sp.example.org/saml/acs?a=1",
            "https://sp.example.org.evil.example/saml/acs?a=1",
            "https://sp.example.org\\.evil.example/saml/acs?a=1",
            "https://sp%2Eexample.org/saml/acs?a=1",
            "https:/sp.example.org/saml/acs?a=1",
            "",
        ] {
            assert!(!same_address(plain, other), "{other}");
        }
        // Only octet for octet.
        assert!(same_address("urn:x", "urn:x") && !same_address("urn:x", "URN:x"));
        assert!(!same_address(
            "https://\u{e9}.example.org/",
            "https://\u{e9}.example.org:443/"
        ));
    }
}
