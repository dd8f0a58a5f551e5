//! Why a document was refused.

/// Why a document was refused, and on which line (from 1).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {kind}")]
pub struct XmlError {
    /// The line of the document, from 1.
    pub line: u32,
    /// What is wrong there.
    pub kind: XmlErrorKind,
}

/// What is wrong with a document.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum XmlErrorKind {
    /// Larger, deeper or wider than the limits allow.
    #[error("more {what} than the {limit} allowed")]
    OverLimit {
        /// What there is too much of.
        what: &'static str,
        /// The bound.
        limit: usize,
    },
    /// A document type declaration.
    #[error("a DOCTYPE is never accepted")]
    Doctype,
    /// A reference to an entity that is not one of the five predefined ones.
    #[error("a reference to the entity {0:?}; only the predefined entities are accepted")]
    Entity(String),
    /// An encoding other than UTF-8.
    #[error("the octets are neither UTF-8 nor UTF-16: save the document as UTF-8")]
    Encoding,
    /// UTF-16 that breaks off, or has half of a pair.
    #[error("the document begins as UTF-16 and does not go on so: save it as UTF-8")]
    Utf16,
    /// A declaration that names another encoding than the octets have.
    #[error(
        "the XML declaration says {declared:?}, and the octets are {octets}: save the document as UTF-8 and let it declare that, or nothing"
    )]
    Declared {
        /// The name in the declaration.
        declared: String,
        /// What the octets are.
        octets: &'static str,
    },
    /// A character XML 1.0 does not allow.
    #[error("the character U+{0:04X} is not allowed in XML")]
    Character(u32),
    /// A processing instruction where none is accepted.
    #[error("a processing instruction is not accepted here")]
    Instruction,
    /// Two elements carry the same ID.
    #[error("the ID {0:?} stands on two elements")]
    DuplicateId(String),
    /// A prefix without a declaration, or a reserved one declared.
    #[error("the namespace prefix {0:?} is not declared, or declared against the rules")]
    Prefix(String),
    /// Not well-formed.
    #[error("not well-formed XML: {0}")]
    Malformed(String),
    /// Well-formed, and not the message that was expected.
    #[error("{0}")]
    OtherMessage(String),
    /// Text was wanted where a comment, an instruction or an element stands.
    #[error("{0} must hold text only, without comments or elements")]
    NotText(String),
    /// An element that may stand once stands twice.
    #[error("{0} stands more than once")]
    Repeated(String),
}
