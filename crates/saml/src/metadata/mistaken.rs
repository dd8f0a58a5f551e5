//! What a document is that was given in place of metadata. Asked only once it was refused: the first
//! thing an XML reader stumbles over says little to whoever took the wrong file.

use std::fmt;

/// Something else than metadata.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Mistaken {
    /// Nothing at all.
    Empty,
    /// HTML.
    WebPage,
    /// A certificate in PEM, or its bare base64.
    Certificate,
    /// A private key in PEM.
    PrivateKey,
    /// An address where metadata may be.
    Address,
    /// JSON, such as the metadata of OpenID Connect.
    Json,
    /// A compressed file.
    Compressed,
    /// XML with something before it, which begins like this.
    TextBefore(String),
}

impl fmt::Display for Mistaken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match self {
            Self::Empty => "nothing: it is empty",
            Self::WebPage => {
                "a web page, perhaps a login or error page: save the address again while you are \
                 signed in there, or ask for the file itself"
            }
            Self::Certificate => {
                "a certificate: give the metadata file that holds it, or type the app's entity ID and \
                 ACS URL in, with this certificate"
            }
            Self::PrivateKey => {
                "a private key, which belongs to its owner alone: give the metadata file. Whoever \
                 got this key in another way than this should have it replaced"
            }
            Self::Address => {
                "an address: open it, save what it shows as a file, and give that file"
            }
            Self::Json => "JSON: SAML metadata is XML",
            Self::Compressed => "a compressed file: unpack it first",
            Self::TextBefore(found) => {
                return write!(
                    f,
                    "XML with {found:?} before it: nothing may stand before the first <; remove it"
                );
            }
        };
        f.write_str(what)
    }
}

/// What `document`, which was refused, seems to be; `None` when it looks like XML.
pub(super) fn recognise(document: &[u8]) -> Option<Mistaken> {
    if document.starts_with(b"\x1f\x8b") || document.starts_with(b"PK\x03\x04") {
        return Some(Mistaken::Compressed);
    }
    let start = String::from_utf8_lossy(&document[..document.len().min(4096)]);
    let text = start.trim_start_matches(|c: char| c.is_whitespace() || c == '\u{FEFF}');
    if text.is_empty() {
        return Some(Mistaken::Empty);
    }
    let lower = text.to_ascii_lowercase();
    if ["<!doctype html", "<html", "<head", "<body"]
        .iter()
        .any(|tag| lower.starts_with(tag))
    {
        return Some(Mistaken::WebPage);
    }
    // White space before an XML declaration is against the rules too, and nothing one sees.
    let indented = text.len() < start.trim_start_matches('\u{FEFF}').len();
    if indented && lower.starts_with("<?xml") {
        return Some(Mistaken::TextBefore(" ".to_owned()));
    }
    if lower.starts_with('<') {
        return None;
    }
    if text.contains("PRIVATE KEY-----") {
        return Some(Mistaken::PrivateKey);
    }
    let is_base64 = |c: char| c.is_ascii_alphanumeric() || "+/=\r\n\t ".contains(c);
    if text.contains("-----BEGIN CERTIFICATE-----")
        || (text.starts_with("MII") && text.chars().all(is_base64))
    {
        return Some(Mistaken::Certificate);
    }
    if lower.starts_with("http://") || lower.starts_with("https://") {
        return Some(Mistaken::Address);
    }
    if let Some((before, _)) = text.split_once('<') {
        return Some(Mistaken::TextBefore(
            before.trim().chars().take(40).collect(),
        ));
    }
    matches!(text.as_bytes(), [b'{' | b'[', ..]).then_some(Mistaken::Json)
}
