//! A look at a document before libxml2 sees it: its size, encoding, nesting and width are in
//! bounds, and there is no DOCTYPE.
//!
//! One pass without a tree. It judges only what it must; whether the document is well-formed is
//! libxml2's to say, whose own bounds also hold for what is not well-formed.

use crate::xml::encoding;
use crate::xml::limits::Limits;
use crate::xml::reader::{XmlError, XmlErrorKind};

/// Passes over `document` and returns it without a byte order mark.
///
/// # Errors
/// [`XmlError`]: over a limit, not UTF-8, not XML 1.0, or with a DOCTYPE.
pub(super) fn scan<'a>(document: &'a [u8], limits: &Limits) -> Result<&'a [u8], XmlError> {
    if document.len() > limits.bytes {
        return Err(at_line(document, 0, over("bytes", limits.bytes)));
    }
    let text = std::str::from_utf8(document)
        .map_err(|error| at_line(document, error.valid_up_to(), XmlErrorKind::Encoding))?;
    let text = text.strip_prefix('\u{FEFF}').unwrap_or(text);
    let bytes = text.as_bytes();
    // libxml2 takes a NUL for the end and would not see what follows it.
    if let Some(at) = bytes.iter().position(|byte| *byte == 0) {
        return Err(at_line(bytes, at, XmlErrorKind::Character(0)));
    }
    let mut scan = Scan {
        text,
        bytes,
        at: 0,
        depth: 0,
        nodes: 0,
        namespaces: Vec::new(),
        limits,
    };
    match scan.run() {
        Ok(()) => Ok(bytes),
        Err(kind) => Err(at_line(bytes, scan.at, kind)),
    }
}

struct Scan<'a> {
    text: &'a str,
    bytes: &'a [u8],
    at: usize,
    depth: usize,
    nodes: usize,
    /// Of each open element: namespace declarations in scope inside it.
    namespaces: Vec<usize>,
    limits: &'a Limits,
}

impl Scan<'_> {
    fn run(&mut self) -> Result<(), XmlErrorKind> {
        self.declaration()?;
        while let Some(ahead) = find(&self.bytes[self.at..], b"<") {
            self.at += ahead;
            let rest = &self.bytes[self.at..];
            if rest.starts_with(b"<!--") {
                self.skip(4, b"-->")?;
            } else if rest.starts_with(b"<![CDATA[") {
                self.skip(9, b"]]>")?;
            } else if rest.starts_with(b"<!") {
                return Err(XmlErrorKind::Doctype);
            } else if rest.starts_with(b"<?") {
                if self.depth == 0 && !self.limits.prolog_instructions {
                    return Err(XmlErrorKind::Instruction);
                }
                self.skip(2, b"?>")?;
            } else if rest.starts_with(b"</") {
                self.depth = self.depth.saturating_sub(1);
                self.namespaces.pop();
                self.at += 2;
            } else {
                self.start_tag()?;
            }
        }
        Ok(())
    }

    /// An XML declaration may say only what is so: version 1.0, and an encoding that UTF-8 agrees with.
    fn declaration(&mut self) -> Result<(), XmlErrorKind> {
        let Some(rest) = self.bytes.strip_prefix(b"<?xml") else {
            return Ok(());
        };
        if !rest.first().is_some_and(u8::is_ascii_whitespace) {
            return Ok(());
        }
        let end = find(rest, b"?>").ok_or_else(unfinished)?;
        let declared = String::from_utf8_lossy(&rest[..end]).into_owned();
        // Pseudo-attributes come in pairs around quotes: name, value, name, value.
        let mut pieces = declared.split(['"', '\'']);
        while let (Some(name), Some(value)) = (pieces.next(), pieces.next()) {
            match name.trim().trim_end_matches('=').trim_end() {
                "version" if value != "1.0" => {
                    return Err(XmlErrorKind::Malformed("only XML 1.0 is read".to_owned()));
                }
                "encoding" => encoding::agrees(value, self.text)?,
                _ => {}
            }
        }
        self.at = 5 + end + 2;
        Ok(())
    }

    fn start_tag(&mut self) -> Result<(), XmlErrorKind> {
        let mut quote = None;
        let mut attributes = 0;
        let mut namespaces = self.namespaces.last().copied().unwrap_or_default();
        let start = self.at;
        loop {
            self.at += 1;
            let byte = *self.bytes.get(self.at).ok_or_else(unfinished)?;
            match (quote, byte) {
                (None, b'"' | b'\'') => quote = Some(byte),
                (None, b'=') => {
                    attributes += 1;
                    if attributes > self.limits.attributes {
                        return Err(over("attributes", self.limits.attributes));
                    }
                    let before = self.bytes[start..self.at].trim_ascii_end();
                    let mut words = before.rsplit(u8::is_ascii_whitespace);
                    if words.next().is_some_and(|name| name.starts_with(b"xmlns")) {
                        namespaces += 1;
                    }
                    if namespaces > self.limits.namespaces {
                        return Err(over("namespaces in scope", self.limits.namespaces));
                    }
                }
                (None, b'>') => break,
                (Some(open), _) if open == byte => quote = None,
                _ => {}
            }
        }
        if self.bytes[self.at - 1] != b'/' || self.at - 1 == start {
            self.depth += 1;
            self.namespaces.push(namespaces);
        }
        if self.depth > self.limits.depth {
            return Err(over("levels of nesting", self.limits.depth));
        }
        self.nodes += 1 + attributes;
        if self.nodes > self.limits.signed_nodes {
            return Err(over("nodes", self.limits.signed_nodes));
        }
        Ok(())
    }

    fn skip(&mut self, opening: usize, closing: &[u8]) -> Result<(), XmlErrorKind> {
        let rest = self.bytes.get(self.at + opening..).unwrap_or_default();
        let ahead = find(rest, closing).ok_or_else(unfinished)?;
        self.at += opening + ahead + closing.len();
        Ok(())
    }
}

fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    let (first, rest) = needle.split_first()?;
    let mut from = 0;
    // Searching one byte at a time is what the standard library does fast.
    while let Some(ahead) = haystack[from..].iter().position(|byte| byte == first) {
        let at = from + ahead;
        if haystack[at + 1..].starts_with(rest) {
            return Some(at);
        }
        from = at + 1;
    }
    None
}

fn over(what: &'static str, limit: usize) -> XmlErrorKind {
    XmlErrorKind::OverLimit { what, limit }
}

fn unfinished() -> XmlErrorKind {
    XmlErrorKind::Malformed("the document ends inside markup".to_owned())
}

fn at_line(bytes: &[u8], at: usize, kind: XmlErrorKind) -> XmlError {
    let before = &bytes[..at.min(bytes.len())];
    let lines = before.iter().filter(|byte| **byte == b'\n').count();
    let line = u32::try_from(lines + 1).unwrap_or(u32::MAX);
    XmlError { line, kind }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scanned(text: &str) -> Result<(), XmlErrorKind> {
        let scanned = scan(text.as_bytes(), &Limits::MESSAGE);
        scanned.map(|_| ()).map_err(|error| error.kind)
    }

    #[test]
    fn quotes_comments_and_cdata_hide_markup_from_the_count() {
        let hidden = "<a b='></a><!DOCTYPE x>'><!-- <!DOCTYPE x> <b> --><![CDATA[<!DOCTYPE]]></a>";
        assert_eq!(scanned(hidden), Ok(()));
        assert_eq!(
            scanned("<a><!-- --><!DOCTYPE x></a>"),
            Err(XmlErrorKind::Doctype)
        );
        assert_eq!(scanned("<!--><!DOCTYPE x>--><a/>"), Ok(()));
    }

    #[test]
    fn siblings_do_not_nest() {
        let flat = format!("<a>{}</a>", "<b/><c></c>".repeat(1000));
        assert_eq!(scanned(&flat), Ok(()));
        let deep = "<a>".repeat(33) + &"</a>".repeat(33);
        assert_eq!(scanned(&deep), Err(over("levels of nesting", 32)));
        let deep = "<a>".repeat(32) + &"</a>".repeat(32);
        assert_eq!(scanned(&deep), Ok(()));
    }

    #[test]
    fn what_the_declaration_may_say() {
        for (text, accepted) in [
            ("<?xml version=\"1.0\"?><a/>", true),
            (
                "<?xml version='1.0' encoding='utf-8' standalone='yes'?><a/>",
                true,
            ),
            (
                "\u{FEFF}<?xml version = '1.0' encoding = 'UTF-8'?><a/>",
                true,
            ),
            ("<?xml version='1.1'?><a/>", false),
            ("<?xml version='1.0' encoding='UTF-16'?><a/>", false),
            ("<?xml version='1.0' encoding=\"utf-7\"?><a/>", false),
            ("<?xml version='1.0'", false),
        ] {
            assert_eq!(scanned(text).is_ok(), accepted, "{text}");
        }
    }

    #[test]
    fn the_line_is_named() {
        let error = scan(b"<a>\n\n<!DOCTYPE b>", &Limits::MESSAGE);
        assert_eq!(error.map_err(|error| error.line), Err(3));
    }
}
