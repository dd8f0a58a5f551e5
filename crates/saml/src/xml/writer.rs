//! Writes XML that is its own exclusive canonical form, so that it can be digested as written.
//!
//! Exclusive XML Canonicalization 1.0 fixes everything a serializer is otherwise free in: a
//! namespace is declared on the first element that visibly uses its prefix, declarations come
//! before attributes, both are sorted, there are no empty-element tags, and the escapes are
//! given. Writing that form to begin with saves parsing and canonicalizing what we just wrote.

use super::names::is_xml_char;
use crate::time::Timestamp;

/// A name as the writer needs it: prefix, namespace and local part.
///
/// A prefix must always stand for the same namespace within one document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QName {
    /// The prefix to write; empty for an attribute without a namespace.
    pub prefix: &'static str,
    /// The namespace name; empty for an attribute without a namespace.
    pub ns: &'static str,
    /// The local part.
    pub local: &'static str,
}

impl QName {
    /// A name in a namespace.
    pub const fn new(prefix: &'static str, ns: &'static str, local: &'static str) -> Self {
        Self { prefix, ns, local }
    }
}

/// Why a document could not be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum WriteError {
    /// Some text has a character that XML 1.0 cannot carry, even escaped.
    #[error("text to be written holds U+{0:04X}, which XML 1.0 cannot carry")]
    IllegalCharacter(u32),
}

struct PendingAttr {
    name: QName,
    value: std::ops::Range<usize>,
}

/// The writer. Elements are opened and closed in order; attributes follow their element's start
/// in any order and are sorted when the start tag is finished.
pub struct Writer {
    out: Vec<u8>,
    open: Vec<QName>,
    // (prefix, depth of the element that declared it)
    declared: Vec<(&'static str, usize)>,
    attrs: Vec<PendingAttr>,
    scratch: Vec<u8>,
    in_tag: bool,
    error: Option<WriteError>,
}

impl Writer {
    /// A writer whose buffer holds `capacity` bytes before it grows.
    pub fn with_capacity(capacity: usize) -> Self {
        Self {
            out: Vec::with_capacity(capacity),
            open: Vec::with_capacity(12),
            declared: Vec::with_capacity(4),
            attrs: Vec::with_capacity(8),
            scratch: Vec::with_capacity(512),
            in_tag: false,
            error: None,
        }
    }

    /// Opens an element.
    pub fn start(&mut self, name: QName) -> &mut Self {
        self.finish_tag();
        self.open.push(name);
        self.in_tag = true;
        self
    }

    /// Adds an attribute without a namespace to the element just opened.
    pub fn attr(&mut self, local: &'static str, value: &str) -> &mut Self {
        self.attr_ns(QName::new("", "", local), value)
    }

    /// Adds an attribute without a namespace when there is a value.
    pub fn attr_opt(&mut self, local: &'static str, value: Option<&str>) -> &mut Self {
        if let Some(value) = value {
            self.attr(local, value);
        }
        self
    }

    /// Adds an attribute that holds an instant.
    pub fn attr_instant(&mut self, local: &'static str, instant: Timestamp) -> &mut Self {
        let mut text = [0; Timestamp::MAX_LEN];
        self.attr(local, instant.write(&mut text))
    }

    /// Adds an attribute in a namespace to the element just opened.
    pub fn attr_ns(&mut self, name: QName, value: &str) -> &mut Self {
        debug_assert!(self.in_tag, "an attribute follows its element's start");
        let from = self.scratch.len();
        self.error = self
            .error
            .or(escape_attribute(value, &mut self.scratch).err());
        self.attrs.push(PendingAttr {
            name,
            value: from..self.scratch.len(),
        });
        self
    }

    /// Writes text content.
    pub fn text(&mut self, text: &str) -> &mut Self {
        self.finish_tag();
        self.error = self.error.or(escape_text(text, &mut self.out).err());
        self
    }

    /// Inserts octets that are already in exclusive canonical form and declare every namespace
    /// they use themselves. No element now open may have declared one of those prefixes, or the
    /// result would not be canonical.
    pub fn raw(&mut self, canonical: &[u8]) -> &mut Self {
        self.finish_tag();
        self.out.extend_from_slice(canonical);
        self
    }

    /// Closes the innermost open element.
    pub fn end(&mut self) -> &mut Self {
        self.finish_tag();
        let name = self.open.pop().expect("end() pairs with a start()");
        let depth = self.open.len();
        self.out.extend_from_slice(b"</");
        push_name(&mut self.out, name);
        self.out.push(b'>');
        while self.declared.last().is_some_and(|(_, at)| *at > depth) {
            self.declared.pop();
        }
        self
    }

    /// Writes an element that holds only text.
    pub fn leaf(&mut self, name: QName, text: &str) -> &mut Self {
        self.start(name).text(text).end()
    }

    /// The offset in the document where the next content will stand. A start tag still open is
    /// finished first.
    pub fn position(&mut self) -> usize {
        self.finish_tag();
        self.out.len()
    }

    /// The document's octets.
    ///
    /// # Errors
    /// [`WriteError`] when any text could not be carried by XML; nothing of it may be sent.
    pub fn finish(mut self) -> Result<Vec<u8>, WriteError> {
        self.finish_tag();
        debug_assert!(self.open.is_empty(), "every element is closed");
        match self.error {
            None => Ok(self.out),
            Some(error) => Err(error),
        }
    }

    fn finish_tag(&mut self) {
        if !self.in_tag {
            return;
        }
        self.in_tag = false;
        let depth = self.open.len();
        let name = self.open[depth - 1];
        self.out.push(b'<');
        push_name(&mut self.out, name);

        // At most a handful of prefixes meet on one element: a fixed array beats a set.
        let mut new: [Option<QName>; 8] = [None; 8];
        let mut count = 0;
        let used = std::iter::once(name).chain(
            self.attrs
                .iter()
                .map(|a| a.name)
                .filter(|n| !n.prefix.is_empty() && n.prefix != "xml"),
        );
        for q in used {
            let known = self.declared.iter().any(|(p, _)| *p == q.prefix)
                || new[..count].iter().flatten().any(|n| n.prefix == q.prefix);
            if !known && count < new.len() {
                new[count] = Some(q);
                count += 1;
            }
        }
        new[..count].sort_unstable_by_key(|n| n.map(|q| q.prefix));
        for q in new[..count].iter().flatten() {
            self.out.extend_from_slice(b" xmlns");
            if !q.prefix.is_empty() {
                self.out.push(b':');
                self.out.extend_from_slice(q.prefix.as_bytes());
            }
            self.out.extend_from_slice(b"=\"");
            self.out.extend_from_slice(q.ns.as_bytes());
            self.out.push(b'"');
            self.declared.push((q.prefix, depth));
        }

        self.attrs
            .sort_unstable_by_key(|a| (a.name.ns, a.name.local));
        for attr in &self.attrs {
            self.out.push(b' ');
            push_name(&mut self.out, attr.name);
            self.out.extend_from_slice(b"=\"");
            self.out
                .extend_from_slice(&self.scratch[attr.value.clone()]);
            self.out.push(b'"');
        }
        self.attrs.clear();
        self.scratch.clear();
        self.out.push(b'>');
    }
}

fn push_name(out: &mut Vec<u8>, name: QName) {
    if !name.prefix.is_empty() {
        out.extend_from_slice(name.prefix.as_bytes());
        out.push(b':');
    }
    out.extend_from_slice(name.local.as_bytes());
}

fn escape_text(text: &str, out: &mut Vec<u8>) -> Result<(), WriteError> {
    escape(text, out, |byte| match byte {
        b'&' => Some(b"&amp;"),
        b'<' => Some(b"&lt;"),
        b'>' => Some(b"&gt;"),
        b'\r' => Some(b"&#xD;"),
        _ => None,
    })
}

fn escape_attribute(text: &str, out: &mut Vec<u8>) -> Result<(), WriteError> {
    escape(text, out, |byte| match byte {
        b'&' => Some(b"&amp;"),
        b'<' => Some(b"&lt;"),
        b'"' => Some(b"&quot;"),
        b'\t' => Some(b"&#x9;"),
        b'\n' => Some(b"&#xA;"),
        b'\r' => Some(b"&#xD;"),
        _ => None,
    })
}

fn escape(
    text: &str,
    out: &mut Vec<u8>,
    replacement: impl Fn(u8) -> Option<&'static [u8]>,
) -> Result<(), WriteError> {
    let bytes = text.as_bytes();
    // Most texts need nothing. Without an early end, so that the compiler looks at many octets at
    // once; what is found is looked at one by one.
    let special =
        |b: u8| (b < 0x20) | (b == 0xEF) | (b == b'&') | (b == b'<') | (b == b'>') | (b == b'"');
    if !bytes.iter().fold(false, |found, b| found | special(*b)) {
        out.extend_from_slice(bytes);
        return Ok(());
    }
    let mut copied = 0;
    for (at, &byte) in bytes.iter().enumerate() {
        if let Some(replaced) = replacement(byte) {
            out.extend_from_slice(&bytes[copied..at]);
            out.extend_from_slice(replaced);
            copied = at + 1;
        } else if byte < 0x20 || byte == 0xEF {
            // Only controls and U+FFFE, U+FFFF (lead byte EF) can be illegal in a str.
            let c = text[at..].chars().next().unwrap_or('\0');
            if !is_xml_char(c) {
                return Err(WriteError::IllegalCharacter(u32::from(c)));
            }
        }
    }
    out.extend_from_slice(&bytes[copied..]);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: QName = QName::new("a", "urn:a", "A");
    const B: QName = QName::new("b", "urn:b", "B");

    #[test]
    fn declares_where_first_used_and_sorts() {
        let mut w = Writer::with_capacity(64);
        w.start(A).attr("z", "1").attr("b", "\"<\t>");
        w.attr_ns(QName::new("b", "urn:b", "y"), "&");
        w.start(B).text("x > y & \r").end();
        w.end();
        let out = String::from_utf8(w.finish().expect("legal")).expect("utf-8");
        assert_eq!(
            out,
            "<a:A xmlns:a=\"urn:a\" xmlns:b=\"urn:b\" b=\"&quot;&lt;&#x9;>\" z=\"1\" b:y=\"&amp;\">\
             <b:B>x &gt; y &amp; &#xD;</b:B></a:A>"
        );
    }

    #[test]
    fn declares_again_for_a_sibling() {
        let mut w = Writer::with_capacity(64);
        w.start(A).leaf(B, "1").leaf(B, "2").end();
        let out = String::from_utf8(w.finish().expect("legal")).expect("utf-8");
        assert_eq!(
            out,
            "<a:A xmlns:a=\"urn:a\"><b:B xmlns:b=\"urn:b\">1</b:B><b:B xmlns:b=\"urn:b\">2</b:B></a:A>"
        );
    }

    /// Proves AV-RSP-20: what XML cannot carry never reaches the output.
    #[test]
    fn av_rsp_20_refuses_characters_xml_cannot_carry() {
        for (text, legal) in [
            ("a\u{0}b", false),
            ("a\u{FFFE}", false),
            ("\u{1B}[0m", false),
            ("Ünï 漢字 \u{1F600}\u{FFFD}", true),
        ] {
            let mut w = Writer::with_capacity(64);
            w.leaf(A, text);
            assert_eq!(w.finish().is_ok(), legal, "{text:?}");
        }
    }
}
