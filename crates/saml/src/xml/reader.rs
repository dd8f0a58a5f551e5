//! Reads XML into a small tree: namespaces resolved, every bound enforced, nothing expanded.
//!
//! There are no DTDs and no entities beyond the five predefined ones. Names are compared by
//! namespace and local part only. A whole document is read with [`parse`]; a file too large for
//! a tree, such as a federation's aggregate, is walked with [`TreeReader`].

use std::collections::HashSet;
use std::sync::Arc;

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

use super::encoding;
use super::limits::Limits;
use super::names::{self, is_ncname, is_xml_char};

pub use super::error::{XmlError, XmlErrorKind};

/// An attribute; namespace declarations are not among them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attr {
    /// Namespace name; empty for none.
    pub ns: Arc<str>,
    /// Local part.
    pub local: Box<str>,
    /// Normalized value.
    pub value: String,
}

/// What stands inside an element.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Node {
    /// A child element.
    Element(Element),
    /// A run of text, references resolved, CDATA included.
    Text(String),
    /// A comment or processing instruction: kept as a mark, because text before a comment is
    /// not the text.
    Other,
}

/// An element.
#[derive(Debug, Clone)]
pub struct Element {
    /// Namespace name; empty for none.
    pub ns: Arc<str>,
    /// Local part.
    pub local: Box<str>,
    /// Attributes in document order.
    pub attrs: Vec<Attr>,
    /// Children in document order.
    pub children: Vec<Node>,
    /// The line of the start tag, from 1.
    pub line: u32,
    /// Where it stands: octets from the start of the document, behind a byte order mark. Empty for
    /// an element whose end was not read.
    pub span: std::ops::Range<usize>,
}

impl PartialEq for Element {
    // Two elements are the same wherever they stand.
    fn eq(&self, other: &Self) -> bool {
        self.ns == other.ns
            && self.local == other.local
            && self.attrs == other.attrs
            && self.children == other.children
    }
}
impl Eq for Element {}

impl Element {
    /// Whether this is the element `local` of namespace `ns`.
    pub fn is(&self, ns: &str, local: &str) -> bool {
        &*self.local == local && &*self.ns == ns
    }

    /// The value of an attribute without a namespace.
    pub fn attr(&self, local: &str) -> Option<&str> {
        self.attr_ns("", local)
    }

    /// The value of an attribute in a namespace.
    pub fn attr_ns(&self, ns: &str, local: &str) -> Option<&str> {
        self.attrs
            .iter()
            .find(|a| &*a.local == local && &*a.ns == ns)
            .map(|a| a.value.as_str())
    }

    /// The child elements, in order.
    pub fn elements(&self) -> impl Iterator<Item = &Element> {
        self.children.iter().filter_map(|node| match node {
            Node::Element(element) => Some(element),
            Node::Text(_) | Node::Other => None,
        })
    }

    /// The child elements with a name, in order.
    pub fn all<'a>(&'a self, ns: &'a str, local: &'a str) -> impl Iterator<Item = &'a Element> {
        self.elements().filter(move |e| e.is(ns, local))
    }

    /// The first child element with a name.
    pub fn first(&self, ns: &str, local: &str) -> Option<&Element> {
        self.elements().find(|e| e.is(ns, local))
    }

    /// The only child element with a name, if there is one.
    ///
    /// # Errors
    /// [`XmlErrorKind::Repeated`] when there are two: which one counts must never be a choice.
    pub fn only(&self, ns: &str, local: &str) -> Result<Option<&Element>, XmlError> {
        let mut found = self.elements().filter(|e| e.is(ns, local));
        let first = found.next();
        match found.next() {
            Some(second) => Err(second.error(XmlErrorKind::Repeated(local.to_owned()))),
            None => Ok(first),
        }
    }

    /// The whole text, exactly as it stands.
    ///
    /// # Errors
    /// [`XmlErrorKind::NotText`] when a comment, processing instruction or element is inside.
    pub fn text(&self) -> Result<&str, XmlError> {
        match self.children.as_slice() {
            [] => Ok(""),
            [Node::Text(text)] => Ok(text),
            _ => Err(self.error(XmlErrorKind::NotText(self.local.to_string()))),
        }
    }

    /// An error on this element's line.
    pub fn error(&self, kind: XmlErrorKind) -> XmlError {
        XmlError {
            line: self.line,
            kind,
        }
    }
}

/// Reads a whole document.
///
/// # Errors
/// [`XmlError`] at the first thing that is refused; see [`XmlErrorKind`].
pub fn parse(document: &[u8], limits: &Limits) -> Result<Element, XmlError> {
    let mut reader = TreeReader::new(document, *limits)?;
    let root = reader.root()?;
    let root = reader.complete(root)?;
    reader.end()?;
    Ok(root)
}

/// One step of a walk with [`TreeReader::step`].
#[derive(Debug)]
pub enum Step {
    /// A child's start tag. Its children are not read yet: read them all with
    /// [`TreeReader::complete`], or go on with [`TreeReader::step`] to walk into it.
    Open(Element),
    /// The end tag of the element last opened and not completed.
    Close,
}

/// Walks a document start tag by start tag, so that only the parts wanted become trees.
pub struct TreeReader<'a> {
    text: &'a str,
    reader: Reader<&'a [u8]>,
    limits: Limits,
    nodes: usize,
    depth: usize,
    bindings: Vec<Binding>,
    ids: HashSet<String>,
    line: u32,
    line_at: usize,
    // quick-xml reports <a/> as one event; its end is owed to the caller.
    pending_close: bool,
    // Where the event last read begins.
    event_at: usize,
    empty_ns: Arc<str>,
}

struct Binding {
    depth: usize,
    prefix: Box<str>,
    ns: Arc<str>,
}

impl<'a> TreeReader<'a> {
    /// Starts on a document.
    ///
    /// # Errors
    /// Over the byte limit, not UTF-8, or a character XML does not allow.
    pub fn new(document: &'a [u8], limits: Limits) -> Result<Self, XmlError> {
        let at_start = |kind| XmlError { line: 1, kind };
        if document.len() > limits.bytes {
            return Err(at_start(XmlErrorKind::OverLimit {
                what: "bytes",
                limit: limits.bytes,
            }));
        }
        let text = std::str::from_utf8(document).map_err(|_| at_start(XmlErrorKind::Encoding))?;
        let text = text.strip_prefix('\u{FEFF}').unwrap_or(text);
        if let Some((at, bad)) = first_illegal(text) {
            return Err(XmlError {
                line: line_of(text, at),
                kind: XmlErrorKind::Character(u32::from(bad)),
            });
        }
        let mut reader = Reader::from_str(text);
        let config = reader.config_mut();
        config.check_comments = true;
        config.check_end_names = true;
        Ok(Self {
            text,
            reader,
            limits,
            nodes: 0,
            depth: 0,
            bindings: Vec::with_capacity(8),
            ids: HashSet::new(),
            line: 1,
            line_at: 0,
            pending_close: false,
            event_at: 0,
            empty_ns: Arc::from(""),
        })
    }

    /// Reads up to the root's start tag.
    ///
    /// # Errors
    /// Anything before the root that is refused, or no root at all.
    pub fn root(&mut self) -> Result<Element, XmlError> {
        let mut first = true;
        loop {
            match self.event()? {
                Event::Decl(decl) if first => {
                    match decl.encoding() {
                        None => {}
                        Some(Ok(name)) => {
                            encoding::agrees(&name, self.text).map_err(|kind| self.fail(kind))?;
                        }
                        Some(Err(_)) => return Err(self.fail(XmlErrorKind::Encoding)),
                    }
                    if decl.version().map_or(true, |v| v != "1.0") {
                        return Err(self.malformed("only XML 1.0 is accepted"));
                    }
                }
                Event::Comment(_) => {}
                Event::PI(_) if self.limits.prolog_instructions => {}
                Event::PI(_) => return Err(self.fail(XmlErrorKind::Instruction)),
                Event::Text(text) if is_space(&text.xml10_content()) => {}
                Event::Start(start) => return self.open(&start, false),
                Event::Empty(start) => return self.open(&start, true),
                Event::Eof => return Err(self.malformed("there is no root element")),
                _ => return Err(self.malformed("content before the root element")),
            }
            first = false;
        }
    }

    /// The next start or end tag inside the element last opened; text between is passed over.
    ///
    /// # Errors
    /// Whatever is refused on the way.
    pub fn step(&mut self) -> Result<Step, XmlError> {
        loop {
            if self.pending_close {
                self.close();
                return Ok(Step::Close);
            }
            match self.event()? {
                Event::Start(start) => return Ok(Step::Open(self.open(&start, false)?)),
                Event::Empty(start) => return Ok(Step::Open(self.open(&start, true)?)),
                Event::End(_) => {
                    self.close();
                    return Ok(Step::Close);
                }
                Event::Eof => return Err(self.malformed("the document ends too early")),
                Event::GeneralRef(reference) => {
                    self.resolve(&reference)?;
                }
                Event::Decl(_) => return Err(self.malformed("an XML declaration inside")),
                Event::Text(_) | Event::CData(_) | Event::Comment(_) | Event::PI(_) => {}
                Event::DocType(_) => return Err(self.fail(XmlErrorKind::Doctype)),
            }
        }
    }

    /// [`TreeReader::complete`] for an element that may have at most `nodes` elements, attributes
    /// and runs of text inside, so that one part of a large document cannot fill the memory.
    ///
    /// # Errors
    /// Whatever is refused on the way.
    pub fn complete_within(&mut self, open: Element, nodes: usize) -> Result<Element, XmlError> {
        let whole = self.limits.nodes;
        self.limits.nodes = whole.min(self.nodes.saturating_add(nodes));
        let element = self.complete(open);
        self.limits.nodes = whole;
        element
    }

    /// Reads everything inside `open`, the element last opened, and its end tag.
    ///
    /// # Errors
    /// Whatever is refused on the way.
    pub fn complete(&mut self, open: Element) -> Result<Element, XmlError> {
        // An explicit stack: nesting in the input must not become nesting of calls.
        let mut stack: Vec<Element> = vec![open];
        loop {
            if self.pending_close {
                self.close();
            } else {
                match self.event()? {
                    Event::Start(start) => {
                        let element = self.open(&start, false)?;
                        stack.push(element);
                        continue;
                    }
                    Event::Empty(start) => {
                        let element = self.open(&start, true)?;
                        stack.push(element);
                        continue;
                    }
                    Event::End(_) => self.close(),
                    Event::Text(text) => {
                        let text = text.xml10_content();
                        if text.contains("]]>") {
                            return Err(self.malformed("]]> in text"));
                        }
                        self.push_text(&mut stack, &text)?;
                        continue;
                    }
                    Event::CData(data) => {
                        let text = data.xml10_content();
                        self.push_text(&mut stack, &text)?;
                        continue;
                    }
                    Event::GeneralRef(reference) => {
                        let c = self.resolve(&reference)?;
                        self.push_text(&mut stack, c.encode_utf8(&mut [0; 4]))?;
                        continue;
                    }
                    Event::Comment(_) => {
                        self.push_node(&mut stack, Node::Other)?;
                        continue;
                    }
                    Event::PI(_) => {
                        if !self.limits.prolog_instructions {
                            return Err(self.fail(XmlErrorKind::Instruction));
                        }
                        self.push_node(&mut stack, Node::Other)?;
                        continue;
                    }
                    Event::Decl(_) => return Err(self.malformed("an XML declaration inside")),
                    Event::DocType(_) => return Err(self.fail(XmlErrorKind::Doctype)),
                    Event::Eof => return Err(self.malformed("the document ends too early")),
                }
            }
            let mut done = stack.pop().expect("an end tag closes an open element");
            done.span.end = self.position();
            match stack.last_mut() {
                None => return Ok(done),
                Some(parent) => parent.children.push(Node::Element(done)),
            }
        }
    }

    /// Checks that nothing but white space and comments follows the root.
    ///
    /// # Errors
    /// A second root, text or a processing instruction.
    pub fn end(&mut self) -> Result<(), XmlError> {
        loop {
            match self.event()? {
                Event::Eof => return Ok(()),
                Event::Comment(_) => {}
                Event::Text(text) if is_space(&text.xml10_content()) => {}
                Event::PI(_) => return Err(self.fail(XmlErrorKind::Instruction)),
                _ => return Err(self.malformed("content after the root element")),
            }
        }
    }

    fn event(&mut self) -> Result<Event<'a>, XmlError> {
        self.event_at = self.position();
        match self.reader.read_event() {
            Ok(Event::DocType(_)) => Err(self.fail(XmlErrorKind::Doctype)),
            Ok(event) => Ok(event),
            Err(error) => {
                let at = usize::try_from(self.reader.error_position()).unwrap_or(0);
                Err(XmlError {
                    line: line_of(self.text, at),
                    kind: XmlErrorKind::Malformed(error.to_string()),
                })
            }
        }
    }

    fn open(&mut self, start: &BytesStart<'_>, empty: bool) -> Result<Element, XmlError> {
        let line = self.current_line();
        self.depth += 1;
        if self.depth > self.limits.depth {
            return Err(self.over("levels of nesting", self.limits.depth));
        }
        self.count_node()?;

        let mut raw: Vec<(&str, String)> = Vec::new();
        for attribute in start.attributes() {
            let attribute = attribute.map_err(|e| self.malformed(&e.to_string()))?;
            if raw.len() >= self.limits.attributes {
                return Err(self.over("attributes on one element", self.limits.attributes));
            }
            self.count_node()?;
            if attribute.value.contains('<') {
                return Err(self.malformed("< in an attribute value"));
            }
            let value = attribute
                .normalized_value(quick_xml::XmlVersion::Explicit1_0)
                .map_err(|e| self.reference_error(&e))?;
            if let Some((_, bad)) = first_illegal(&value) {
                return Err(self.fail(XmlErrorKind::Character(u32::from(bad))));
            }
            let name = attribute.key.into_inner();
            match name.strip_prefix("xmlns") {
                Some("") => self.bind("", &value)?,
                Some(rest) if rest.starts_with(':') => self.bind(&rest[1..], &value)?,
                _ => raw.push((name, value.into_owned())),
            }
        }

        let (ns, local) = self.resolve_name(start.name().into_inner(), true)?;
        let mut attrs: Vec<Attr> = Vec::with_capacity(raw.len());
        for (name, value) in raw {
            let (ns, local) = self.resolve_name(name, false)?;
            if attrs.iter().any(|a| a.local == local && a.ns == ns) {
                return Err(self.malformed("an attribute stands twice"));
            }
            if ns.is_empty() && local.eq_ignore_ascii_case("id")
                || &*ns == names::XML && &*local == "id"
            {
                self.remember_id(&value)?;
            }
            attrs.push(Attr { ns, local, value });
        }
        self.pending_close = empty;
        Ok(Element {
            ns,
            local,
            attrs,
            children: Vec::new(),
            line,
            span: self.event_at..self.event_at,
        })
    }

    fn close(&mut self) {
        self.pending_close = false;
        while self.bindings.last().is_some_and(|b| b.depth >= self.depth) {
            self.bindings.pop();
        }
        self.depth -= 1;
    }

    fn bind(&mut self, prefix: &str, ns: &str) -> Result<(), XmlError> {
        let reserved = prefix == "xmlns"
            || ns == names::XMLNS
            || (prefix == "xml") != (ns == names::XML)
            || (!prefix.is_empty() && (ns.is_empty() || !is_ncname(prefix)));
        let mut here = self
            .bindings
            .iter()
            .rev()
            .take_while(|b| b.depth == self.depth);
        let twice = here.any(|b| &*b.prefix == prefix);
        if reserved || twice {
            return Err(self.fail(XmlErrorKind::Prefix(prefix.to_owned())));
        }
        // Most documents declare the same few namespaces over and over.
        let ns = match self.bindings.iter().find(|b| &*b.ns == ns) {
            Some(known) => Arc::clone(&known.ns),
            None => Arc::from(ns),
        };
        self.bindings.push(Binding {
            depth: self.depth,
            prefix: prefix.into(),
            ns,
        });
        if self.bindings.len() > self.limits.namespaces {
            return Err(self.over("namespaces in scope", self.limits.namespaces));
        }
        let here = self.bindings.iter().rev();
        if here.take_while(|b| b.depth == self.depth).count() > self.limits.attributes {
            return Err(self.over("namespaces on one element", self.limits.attributes));
        }
        Ok(())
    }

    fn resolve_name(&self, name: &str, element: bool) -> Result<(Arc<str>, Box<str>), XmlError> {
        let (prefix, local) = name.split_once(':').unwrap_or(("", name));
        if !is_ncname(local) {
            return Err(self.malformed(&format!("{name:?} is not a name")));
        }
        let ns = if prefix == "xml" {
            Arc::from(names::XML)
        } else if prefix.is_empty() && (!element || name.starts_with(':')) {
            if name.starts_with(':') {
                return Err(self.malformed(&format!("{name:?} is not a name")));
            }
            Arc::clone(&self.empty_ns)
        } else {
            match self.bindings.iter().rev().find(|b| &*b.prefix == prefix) {
                Some(binding) => Arc::clone(&binding.ns),
                None if prefix.is_empty() => Arc::clone(&self.empty_ns),
                None => return Err(self.fail(XmlErrorKind::Prefix(prefix.to_owned()))),
            }
        };
        Ok((ns, local.into()))
    }

    fn remember_id(&mut self, id: &str) -> Result<(), XmlError> {
        if self.ids.insert(id.to_owned()) {
            Ok(())
        } else {
            Err(self.fail(XmlErrorKind::DuplicateId(id.to_owned())))
        }
    }

    fn resolve(&self, reference: &quick_xml::events::BytesRef<'_>) -> Result<char, XmlError> {
        let name = reference.xml10_content();
        let resolved = match &*name {
            "amp" => Some('&'),
            "lt" => Some('<'),
            "gt" => Some('>'),
            "quot" => Some('"'),
            "apos" => Some('\''),
            _ => reference
                .resolve_char_ref()
                .map_err(|_| self.fail(XmlErrorKind::Entity(name.to_string())))?,
        };
        match resolved {
            Some(c) if is_xml_char(c) => Ok(c),
            Some(c) => Err(self.fail(XmlErrorKind::Character(u32::from(c)))),
            None => Err(self.fail(XmlErrorKind::Entity(name.to_string()))),
        }
    }

    fn push_text(&mut self, stack: &mut [Element], text: &str) -> Result<(), XmlError> {
        let parent = stack.last_mut().expect("text stands inside an element");
        if let Some(Node::Text(run)) = parent.children.last_mut() {
            run.push_str(text);
            return Ok(());
        }
        if text.is_empty() {
            return Ok(());
        }
        parent.children.push(Node::Text(text.to_owned()));
        self.count_node()
    }

    fn push_node(&mut self, stack: &mut [Element], node: Node) -> Result<(), XmlError> {
        let parent = stack.last_mut().expect("a node stands inside an element");
        parent.children.push(node);
        self.count_node()
    }

    fn count_node(&mut self) -> Result<(), XmlError> {
        self.nodes += 1;
        if self.nodes > self.limits.nodes {
            return Err(self.over("nodes", self.limits.nodes));
        }
        Ok(())
    }

    fn position(&self) -> usize {
        usize::try_from(self.reader.buffer_position())
            .unwrap_or(self.text.len())
            .min(self.text.len())
    }

    fn current_line(&mut self) -> u32 {
        let at = self.position();
        // The position is behind the tag; a tag over several lines is named by its last.
        self.line += count_lines(&self.text.as_bytes()[self.line_at..at]);
        self.line_at = at;
        self.line
    }

    fn fail(&self, kind: XmlErrorKind) -> XmlError {
        let at = usize::try_from(self.reader.buffer_position()).unwrap_or(0);
        XmlError {
            line: line_of(self.text, at),
            kind,
        }
    }

    fn malformed(&self, what: &str) -> XmlError {
        self.fail(XmlErrorKind::Malformed(what.to_owned()))
    }

    fn over(&self, what: &'static str, limit: usize) -> XmlError {
        self.fail(XmlErrorKind::OverLimit { what, limit })
    }

    fn reference_error(&self, error: &quick_xml::Error) -> XmlError {
        match error {
            quick_xml::Error::Escape(quick_xml::escape::EscapeError::UnrecognizedEntity(
                _,
                name,
            )) => self.fail(XmlErrorKind::Entity(name.clone())),
            other => self.malformed(&other.to_string()),
        }
    }
}

fn is_space(text: &str) -> bool {
    text.bytes()
        .all(|b| matches!(b, b' ' | b'\t' | b'\n' | b'\r'))
}

fn first_illegal(text: &str) -> Option<(usize, char)> {
    let bytes = text.as_bytes();
    // Only controls and U+FFFE, U+FFFF (lead byte EF) can be illegal in a str.
    let suspect = |b: u8| (b == 0xEF) | (b < 0x20) & (b != b'\n') & (b != b'\t') & (b != b'\r');
    // Most texts have none. Without an early end, so that the compiler looks at many octets at once.
    if !bytes.iter().fold(false, |found, b| found | suspect(*b)) {
        return None;
    }
    bytes
        .iter()
        .enumerate()
        .filter(|(_, b)| suspect(**b))
        .find_map(|(at, _)| {
            let c = text[at..].chars().next()?;
            (!is_xml_char(c)).then_some((at, c))
        })
}

fn count_lines(bytes: &[u8]) -> u32 {
    u32::try_from(bytes.iter().filter(|b| **b == b'\n').count()).unwrap_or(u32::MAX)
}

fn line_of(text: &str, at: usize) -> u32 {
    1 + count_lines(&text.as_bytes()[..at.min(text.len())])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Element, XmlErrorKind> {
        parse(text.as_bytes(), &Limits::MESSAGE).map_err(|e| e.kind)
    }

    #[test]
    fn resolves_namespaces_and_references() {
        let root = read(
            "<?xml version='1.0' encoding='utf-8'?><!-- c -->\n<a:A xmlns:a='urn:a' x='1&#10;2 &amp;\n3'>\
             <B xmlns='urn:b'>&lt;t&#x41;<![CDATA[<&]]></B><C/></a:A>\n",
        )
        .expect("well-formed");
        assert!(root.is("urn:a", "A"));
        assert_eq!(root.attr("x"), Some("1\n2 & 3"));
        let b = root.only("urn:b", "B").expect("once").expect("there");
        assert_eq!(b.text().expect("text"), "<tA<&");
        assert!(root.first("", "C").is_some());
    }

    /// Proves AV-SEC-17, AV-SEC-21, AV-SEC-23, AV-SEC-24 for the reader.
    #[test]
    fn av_sec_17_av_sec_23_refuses_what_two_parsers_could_read_differently() {
        for bad in [
            "<a/><b/>",
            "<a/>text",
            "<a/><?pi x?>",
            "<?pi x?><a/>",
            "<!DOCTYPE a><a/>",
            "<!DOCTYPE a [<!ENTITY e 'x'>]><a>&e;</a>",
            "<a>&e;</a>",
            "<a b='&e;'/>",
            "<p:a/>",
            "<a p:b=''/>",
            "<a xmlns:xml='urn:x'/>",
            "<a xmlns:x='http://www.w3.org/XML/1998/namespace'/>",
            "<a xmlns:xmlns='urn:x'/>",
            "<a xmlns:x=''/>",
            "<a b='1' b='2'/>",
            "<a xmlns:x='urn:x' xmlns:y='urn:x' x:b='1' y:b='2'/>",
            "<a><b ID='1'/><c ID='1'/></a>",
            "<a>&#0;</a>",
            "<a>\u{0}</a>",
            "<a b='&#x1;'/>",
            "<a b='<'/>",
            "<a>]]></a>",
            "<a><b></a></b>",
            "<a>",
            "",
            "text",
            "<?xml version='1.0' encoding='utf-16'?><a/>",
            "<?xml version='1.1'?><a/>",
            "<a:b:c xmlns:a='urn:a'/>",
            "<:a/>",
            "<1a/>",
        ] {
            assert!(read(bad).is_err(), "{bad}");
        }
        for good in ["<a/>", "<a><b ID='1'/><c ID='2'/></a>", "\u{FEFF}<a>é</a>"] {
            read(good).expect(good);
        }
        assert!(parse(b"\xFE\xFF\x00<\x00a", &Limits::MESSAGE).is_err());
        assert!(parse(b"<a>\xC0\xAF</a>", &Limits::MESSAGE).is_err());
    }

    #[test]
    fn av_sec_21_text_with_a_comment_is_not_text() {
        let root = read("<a>user@a<!-- -->.b</a>").expect("well-formed");
        assert!(matches!(root.text(), Err(e) if matches!(e.kind, XmlErrorKind::NotText(_))));
        assert_eq!(
            read("<a>user@a.b</a>").expect("x").text().expect("t"),
            "user@a.b"
        );
    }

    /// Proves AV-SEC-42.
    #[test]
    fn av_sec_42_bounds_depth_attributes_and_nodes() {
        let deep = "<a>".repeat(100_000) + &"</a>".repeat(100_000);
        assert!(matches!(
            parse(
                deep.as_bytes(),
                &Limits {
                    bytes: 1 << 30,
                    ..Limits::MESSAGE
                }
            )
            .map_err(|e| e.kind),
            Err(XmlErrorKind::OverLimit {
                what: "levels of nesting",
                ..
            })
        ));
        let wide = format!(
            "<a {}/>",
            (0..1000).map(|i| format!("a{i}='' ")).collect::<String>()
        );
        assert!(matches!(read(&wide), Err(XmlErrorKind::OverLimit { .. })));
        let many = format!(
            "<a {}/>",
            (0..1000)
                .map(|i| format!("xmlns:a{i}='u:{i}' "))
                .collect::<String>()
        );
        assert!(matches!(read(&many), Err(XmlErrorKind::OverLimit { .. })));
        let nodes = format!("<a>{}</a>", "<b/>".repeat(20_000));
        assert!(matches!(read(&nodes), Err(XmlErrorKind::OverLimit { .. })));
        read(&format!("<a>{}</a>", "<b/>".repeat(2_000))).expect("inside the bounds");
    }

    #[test]
    fn spans_cut_the_element_out() {
        let document = "<?xml version='1.0'?> <a>\n x &amp; <b c='>'/> <d>é</d > </a><!-- -->";
        let root = parse(document.as_bytes(), &Limits::MESSAGE).expect("well-formed");
        let cut = |element: &Element| &document[element.span.clone()];
        assert_eq!(cut(&root), "<a>\n x &amp; <b c='>'/> <d>é</d > </a>");
        let children: Vec<&str> = root.elements().map(cut).collect();
        assert_eq!(children, ["<b c='>'/>", "<d>é</d >"]);
    }

    #[test]
    fn names_the_line() {
        let error = parse(b"<a>\n<b>\n<p:c/></b></a>", &Limits::MESSAGE).expect_err("undeclared");
        assert_eq!(error.line, 3);
    }
}
