//! The stylesheet, scripts and logo that pages use, embedded in the binary.
//!
//! The handler of `GET /assets/{name}` answers [`find`]`(name)`. A page's links carry the
//! content's hash (`?v=…`), so an answer to such a link may be cached for a year.

/// One embedded file.
#[derive(Debug, Clone, Copy)]
pub struct Asset {
    /// Its name below `/assets/`.
    pub name: &'static str,
    /// Its `Content-Type`.
    pub content_type: &'static str,
    /// Its content.
    pub body: &'static str,
    hash: u64,
}

impl Asset {
    const fn new(name: &'static str, content_type: &'static str, body: &'static str) -> Self {
        Self {
            name,
            content_type,
            body,
            hash: fnv1a(body.as_bytes()),
        }
    }

    /// An entity tag: changes with the content.
    pub fn etag(&self) -> String {
        format!("\"{:016x}\"", self.hash)
    }
}

const CSS: &str = "text/css; charset=utf-8";
const JS: &str = "text/javascript; charset=utf-8";
const SVG: &str = "image/svg+xml";

/// Every embedded file.
pub const ASSETS: [Asset; 6] = [
    Asset::new(
        "avouch.css",
        CSS,
        include_str!("../../../assets/avouch.css"),
    ),
    Asset::new("logo.svg", SVG, include_str!("../../../assets/logo.svg")),
    Asset::new("submit.js", JS, include_str!("../../../assets/submit.js")),
    Asset::new("copy.js", JS, include_str!("../../../assets/copy.js")),
    Asset::new("search.js", JS, include_str!("../../../assets/search.js")),
    Asset::new("refresh.js", JS, include_str!("../../../assets/refresh.js")),
];

/// The embedded file of this name.
pub fn find(name: &str) -> Option<&'static Asset> {
    ASSETS.iter().find(|asset| asset.name == name)
}

/// The URL of the embedded file `name`, with its version.
pub fn url(name: &str) -> String {
    match find(name) {
        Some(asset) => format!("/assets/{name}?v={:016x}", asset.hash),
        None => format!("/assets/{name}"),
    }
}

/// Not a cryptographic hash: it only has to differ when the content does.
const fn fnv1a(bytes: &[u8]) -> u64 {
    let mut hash = 0xcbf2_9ce4_8422_2325;
    let mut i = 0;
    while i < bytes.len() {
        hash = (hash ^ bytes[i] as u64).wrapping_mul(0x0100_0000_01b3);
        i += 1;
    }
    hash
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_names_an_asset_and_its_version() {
        let css = find("avouch.css").expect("the stylesheet is embedded");
        let tag = css.etag();
        assert_eq!(
            url("avouch.css"),
            format!("/assets/avouch.css?v={}", tag.trim_matches('"'))
        );
        assert_ne!(tag, find("copy.js").expect("embedded").etag());
        assert!(find("../Cargo.toml").is_none());
    }
}
