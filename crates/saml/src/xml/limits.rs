//! Bounds on XML that comes from outside, so that no input costs more than its worth.

/// What a document may cost. A document over any bound is refused before it is read further.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Size of the document, in bytes.
    pub bytes: usize,
    /// Nesting of elements, the root counting as one.
    pub depth: usize,
    /// Attributes and namespace declarations on one element.
    pub attributes: usize,
    /// Namespace declarations in scope at once: names are looked up among them.
    pub namespaces: usize,
    /// Elements, attributes and runs of text in the whole document.
    pub nodes: usize,
    /// The same of a document whose signature is to be verified: it is read more often, by libraries
    /// that take longer.
    pub signed_nodes: usize,
    /// Whether processing instructions may stand before the root (metadata files carry
    /// stylesheets; messages never have a reason to).
    pub prolog_instructions: bool,
}

impl Limits {
    /// For protocol messages: an AuthnRequest of real life has 300 to 4,000 bytes.
    pub const MESSAGE: Self = Self {
        bytes: 256 * 1024,
        depth: 32,
        attributes: 64,
        namespaces: 128,
        nodes: 10_000,
        signed_nodes: 2_500,
        prolog_instructions: false,
    };

    /// For metadata, from one entity to a federation's aggregate.
    pub const METADATA: Self = Self {
        bytes: 256 * 1024 * 1024,
        depth: 64,
        attributes: 256,
        namespaces: 512,
        nodes: 20_000_000,
        signed_nodes: 20_000_000,
        prolog_instructions: true,
    };
}
