//! Addresses that pages may link to or show. Metadata and forms can hold any scheme.

use avouch_saml::ids::is_web_url;

/// Whether a logo may be kept: https, or an image inside the URL.
pub fn is_logo(url: &str) -> bool {
    let image = ["png", "jpeg", "gif", "webp", "svg+xml"]
        .iter()
        .any(|kind| url.starts_with(&format!("data:image/{kind};base64,")));
    let plain = !url
        .chars()
        .any(|c| c.is_whitespace() || c.is_control() || c == '"');
    (image && plain && url.len() <= 200_000)
        || (url.starts_with("https://") && is_web_url(url) && url.len() <= 2000)
}

/// Whether a logo is here rather than on another server: an image inside the URL itself.
pub fn is_held_logo(url: &str) -> bool {
    url.starts_with("data:image/")
}

/// Whether a page may link to `url`; unlike an endpoint it may have a fragment.
pub fn is_link(url: &str) -> bool {
    is_web_url(url.split('#').next().unwrap_or(""))
        && !url.contains(['"', '<', '>', '\\'])
        && !url.chars().any(|c| c.is_whitespace() || c.is_control())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Proves AV-MDC-14 for URLs: only https, http and data images, nothing that breaks out.
    #[test]
    fn av_mdc_14_only_plain_urls_are_shown() {
        for bad in [
            "javascript:alert(1)",
            "JAVASCRIPT:alert(1)",
            "data:text/html;base64,AAAA",
            "data:image/png;base64,AA\"onerror=\"x",
            "http://sp.example.org/logo.png",
            "https://sp.example.org/\"onerror=alert(1)",
            "//sp.example.org/logo.png",
        ] {
            assert!(!is_logo(bad), "{bad}");
        }
        assert!(is_logo("data:image/png;base64,AAAA"));
        assert!(is_logo("https://sp.example.org/logo.png"));
        for bad in [
            "javascript:x",
            "vbscript:x",
            "data:text/html,x",
            "https://a/#<script>",
        ] {
            assert!(!is_link(bad), "{bad}");
        }
        assert!(is_link("http://sp.example.org/about#team"));
    }
}
