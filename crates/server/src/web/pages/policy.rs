//! The Content-Security-Policy each kind of page is served with.

const BASE: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
    img-src 'self' data:; frame-ancestors 'none'; base-uri 'none'";

/// For every page but those below: forms go to this server only.
pub fn ordinary() -> String {
    format!("{BASE}; form-action 'self'")
}

/// For a page whose form may lead on to a service provider: the login page, the consent page and
/// the launcher answer with a redirect that ends in a form to another site, and the posting page
/// is that form.
///
/// Browsers apply `form-action` to the redirects after a submission too, and where an SP sends
/// the user next is its own affair. So the scheme is limited and not the host; the form's target
/// is a registered ACS in any case. `target` is the ACS URL when it is known, so that plain http
/// is allowed only for an ACS that uses it.
pub fn leading_on(target: Option<&str>) -> String {
    let plain = target.is_some_and(|url| {
        url.get(..7)
            .is_some_and(|scheme| scheme.eq_ignore_ascii_case("http://"))
    });
    let schemes = if plain { "https: http:" } else { "https:" };
    format!("{BASE}; form-action 'self' {schemes}")
}

/// For a page that refreshes itself from this server: the developer page.
pub fn refreshing() -> String {
    format!("{}; connect-src 'self'", ordinary())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_inline_or_foreign_may_run() {
        for policy in [
            ordinary(),
            leading_on(Some("http://sp.example.org/acs")),
            refreshing(),
        ] {
            assert!(policy.contains("default-src 'none'; script-src 'self'; style-src 'self'"));
            assert!(policy.contains("frame-ancestors 'none'; base-uri 'none'"));
            assert!(!policy.contains("unsafe"));
            assert!(policy.contains("img-src 'self' data:;"));
        }
    }

    #[test]
    fn plain_http_is_allowed_only_to_a_plain_http_acs() {
        assert!(leading_on(Some("HTTP://sp.example.org/acs")).ends_with("'self' https: http:"));
        assert!(leading_on(Some("https://sp.example.org/acs")).ends_with("'self' https:"));
        assert!(leading_on(None).ends_with("'self' https:"));
        assert!(ordinary().ends_with("form-action 'self'"));
    }
}
