//! Bodies of the fuzz targets, one a parser, so that a plain test can replay their corpus.
//!
//! Each takes whatever octets come; it must not panic, and what it accepts must obey the rule
//! that its comment names.

use crate::xml::limits::Limits;
use crate::xml::reader;

/// [`reader::parse`]: no panic, and nothing over the bounds is accepted.
pub fn xml_reader(data: &[u8]) {
    let limits = Limits::MESSAGE;
    if let Ok(root) = reader::parse(data, &limits) {
        assert!(data.len() <= limits.bytes);
        assert!(depth(&root) <= limits.depth);
    }
}

fn depth(root: &reader::Element) -> usize {
    let mut deepest = 0;
    let mut stack = vec![(root, 1)];
    while let Some((element, at)) = stack.pop() {
        deepest = deepest.max(at);
        stack.extend(element.elements().map(|child| (child, at + 1)));
    }
    deepest
}
