//! From octets to the UTF-8 that everything here reads, and what a document says of its own encoding.
//!
//! Spec: XML 1.0 §4.3.3 and appendix F.

use std::borrow::Cow;
use std::ops::Range;

use super::error::{XmlError, XmlErrorKind};

/// What UTF-16 begins with, and whether the first octet of a unit is the more significant one: a byte
/// order mark, or `<` and `?`.
const UTF_16: [(&[u8], bool, usize); 4] = [
    (b"\xFE\xFF", true, 2),
    (b"\xFF\xFE", false, 2),
    (b"\0<\0?", true, 0),
    (b"<\0?\0", false, 0),
];

/// The document in UTF-8: as it is, or read from UTF-16, which shows by its first octets. What an XML
/// declaration says of UTF-16 says UTF-8 then. Octets of any other encoding come back as they are, for
/// the reader to refuse.
///
/// # Errors
/// [`XmlErrorKind::Utf16`], or [`XmlErrorKind::Declared`] for UTF-16 that declares another encoding.
pub fn to_utf8(document: &[u8]) -> Result<Cow<'_, [u8]>, XmlError> {
    let found = UTF_16
        .iter()
        .find(|(start, ..)| document.starts_with(start));
    let Some((_, big_endian, mark)) = found else {
        return Ok(Cow::Borrowed(document));
    };
    let at_start = |kind| XmlError { line: 1, kind };
    let octets = &document[*mark..];
    let mut units = octets.chunks_exact(2).map(|pair| match *pair {
        [first, second] if *big_endian => u16::from_be_bytes([first, second]),
        [first, second] => u16::from_le_bytes([first, second]),
        _ => unreachable!("chunks of two"),
    });
    let text = char::decode_utf16(units.by_ref()).collect::<Result<String, _>>();
    let Ok(text) = text else {
        return Err(at_start(XmlErrorKind::Utf16));
    };
    if !octets.len().is_multiple_of(2) {
        return Err(at_start(XmlErrorKind::Utf16));
    }
    match declared(&text) {
        Some(place) if !is_utf_16(&text[place.clone()]) => Err(at_start(XmlErrorKind::Declared {
            declared: text[place].to_owned(),
            octets: "UTF-16",
        })),
        _ => Ok(Cow::Owned(as_utf8(text).into_bytes())),
    }
}

/// Text that came as text, so that what it declares about octets says nothing: pasted into a page, say.
pub fn of_text(text: String) -> String {
    as_utf8(text)
}

fn as_utf8(mut text: String) -> String {
    if let Some(place) = declared(&text) {
        text.replace_range(place, "UTF-8");
    }
    text
}

/// Whether text that declares the encoding `declared` may be read as the UTF-8 that it is: it declares
/// UTF-8, or one of those in which ASCII stands for itself and it has nothing else.
///
/// # Errors
/// [`XmlErrorKind::Declared`].
pub(crate) fn agrees(declared: &str, text: &str) -> Result<(), XmlErrorKind> {
    let name = declared.to_ascii_lowercase();
    let like_ascii = || {
        let families = ["us-ascii", "ascii", "iso-8859-", "windows-125", "latin"];
        families.iter().any(|family| name.starts_with(family))
    };
    if name == "utf-8" || name == "utf8" || (like_ascii() && text.is_ascii()) {
        return Ok(());
    }
    Err(XmlErrorKind::Declared {
        declared: declared.chars().take(40).collect(),
        octets: "UTF-8",
    })
}

fn is_utf_16(name: &str) -> bool {
    ["utf-16", "utf-16le", "utf-16be"]
        .iter()
        .any(|known| name.eq_ignore_ascii_case(known))
}

/// Where the name of the encoding stands in the XML declaration that `text` begins with.
fn declared(text: &str) -> Option<Range<usize>> {
    let start = text.len() - text.trim_start_matches('\u{FEFF}').len();
    let rest = text[start..].strip_prefix("<?xml")?;
    let declaration = &rest[..rest.find("?>")?];
    let from = start + "<?xml".len();
    let mut at = 0;
    // Pseudo-attributes come in pairs around quotes: name, value, name, value.
    let mut pieces = declaration.split_inclusive(['"', '\'']);
    while let (Some(name), Some(value)) = (pieces.next(), pieces.next()) {
        let begin = from + at + name.len();
        let is_it = name.trim_end_matches(['"', '\'', '=', ' ', '\t', '\r', '\n']);
        if is_it.trim_start() == "encoding" {
            return Some(begin..begin + value.len() - 1);
        }
        at += name.len() + value.len();
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn utf_16(text: &str, big_endian: bool, mark: bool) -> Vec<u8> {
        let mark = if mark { "\u{FEFF}" } else { "" };
        let units = mark.encode_utf16().chain(text.encode_utf16());
        let octets = |unit: u16| match big_endian {
            true => unit.to_be_bytes(),
            false => unit.to_le_bytes(),
        };
        units.flat_map(octets).collect()
    }

    #[test]
    fn field_04_utf_16_is_read() {
        let text = "<?xml version='1.0' encoding = 'UTF-16' standalone='yes'?><a>ü𝄞</a>";
        let wanted = text.replace("UTF-16", "UTF-8");
        for (big_endian, mark) in [(true, true), (false, true), (true, false), (false, false)] {
            let octets = utf_16(text, big_endian, mark);
            assert_eq!(to_utf8(&octets).expect("read"), wanted.as_bytes());
        }
        let undeclared = utf_16("<a/>", false, true);
        assert_eq!(to_utf8(&undeclared).expect("read"), &b"<a/>"[..]);
        // Others are as they were.
        for other in ["", "<a/>", "\u{FEFF}<a/>", "<?xml encoding='utf-16'?><a/>"] {
            assert_eq!(to_utf8(other.as_bytes()).expect("kept"), other.as_bytes());
        }
    }

    #[test]
    fn what_is_no_utf_16_is_said() {
        let kind = |octets: &[u8]| to_utf8(octets).expect_err("refused").kind;
        let mut cut = utf_16("<a/>", true, true);
        cut.pop();
        assert_eq!(kind(&cut), XmlErrorKind::Utf16);
        assert_eq!(kind(b"\xFE\xFF\xD8\x00\x00<"), XmlErrorKind::Utf16);
        let declares = utf_16(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?><a/>",
            false,
            true,
        );
        let said = kind(&declares).to_string();
        assert!(
            said.contains("\"UTF-8\"") && said.contains("UTF-16"),
            "{said}"
        );
    }

    #[test]
    fn field_05_a_declaration_counts_for_octets_only() {
        let pasted = "\u{FEFF}<?xml version=\"1.0\" encoding=\"utf-16\"?><a/>";
        assert_eq!(
            of_text(pasted.to_owned()),
            pasted.replace("utf-16", "UTF-8")
        );
        for kept in [
            "<a/>",
            "<?xml version=\"1.0\"?><a/>",
            "<?xml",
            "<a encoding=\"utf-16\"/>",
        ] {
            assert_eq!(of_text(kept.to_owned()), kept);
        }
        assert_eq!(agrees("ISO-8859-1", "<a/>"), Ok(()));
        assert_eq!(agrees("Utf-8", "<a>ü</a>"), Ok(()));
        for (declared, text) in [
            ("iso-8859-1", "<a>ü</a>"),
            ("utf-16", "<a/>"),
            ("ebcdic", "<a/>"),
        ] {
            let said = agrees(declared, text).expect_err("told").to_string();
            assert!(
                said.contains(declared) && said.contains("are UTF-8"),
                "{said}"
            );
        }
    }
}
