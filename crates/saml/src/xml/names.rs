//! The namespaces and lexical rules of the specifications.

/// SAML 2.0 protocol, prefix `samlp`.
pub const SAMLP: &str = "urn:oasis:names:tc:SAML:2.0:protocol";
/// SAML 2.0 assertion, prefix `saml`.
pub const SAML: &str = "urn:oasis:names:tc:SAML:2.0:assertion";
/// SAML 2.0 metadata, prefix `md`.
pub const MD: &str = "urn:oasis:names:tc:SAML:2.0:metadata";
/// Metadata extension for login and discovery user interfaces, prefix `mdui`.
pub const MDUI: &str = "urn:oasis:names:tc:SAML:metadata:ui";
/// Metadata extension for entity attributes, prefix `mdattr`.
pub const MDATTR: &str = "urn:oasis:names:tc:SAML:metadata:attribute";
/// Metadata extension for registration and publication information, prefix `mdrpi`.
pub const MDRPI: &str = "urn:oasis:names:tc:SAML:metadata:rpi";
/// Metadata profile for algorithm support, prefix `alg`.
pub const ALG: &str = "urn:oasis:names:tc:SAML:metadata:algsupport";
/// Shibboleth metadata extension that holds `Scope`, prefix `shibmd`.
pub const SHIBMD: &str = "urn:mace:shibboleth:metadata:1.0";
/// XML Signature, prefix `ds`.
pub const DS: &str = "http://www.w3.org/2000/09/xmldsig#";
/// XML Signature 1.1, prefix `dsig11`.
pub const DSIG11: &str = "http://www.w3.org/2009/xmldsig11#";
/// XML Encryption, prefix `xenc`.
pub const XENC: &str = "http://www.w3.org/2001/04/xmlenc#";
/// XML Encryption 1.1, prefix `xenc11`.
pub const XENC11: &str = "http://www.w3.org/2009/xmlenc11#";
/// `Type` of what was one element before it was encrypted (XML Encryption 1.1 §3.1).
pub const XENC_ELEMENT: &str = "http://www.w3.org/2001/04/xmlenc#Element";
/// XML Schema instance, prefix `xsi`.
pub const XSI: &str = "http://www.w3.org/2001/XMLSchema-instance";
/// The namespace bound to the prefix `xml`.
pub const XML: &str = "http://www.w3.org/XML/1998/namespace";
/// The namespace bound to the prefix `xmlns`.
pub const XMLNS: &str = "http://www.w3.org/2000/xmlns/";

/// Whether `c` may stand in an XML 1.0 document (the Char production).
pub fn is_xml_char(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | ' '..='\u{D7FF}' | '\u{E000}'..='\u{FFFD}' | '\u{10000}'..)
}

/// Whether every character of `text` may stand in an XML 1.0 document.
pub fn is_xml_text(text: &str) -> bool {
    text.chars().all(is_xml_char)
}

fn is_name_start(c: char) -> bool {
    matches!(c, 'A'..='Z' | '_' | 'a'..='z'
        | '\u{C0}'..='\u{D6}' | '\u{D8}'..='\u{F6}' | '\u{F8}'..='\u{2FF}'
        | '\u{370}'..='\u{37D}' | '\u{37F}'..='\u{1FFF}' | '\u{200C}'..='\u{200D}'
        | '\u{2070}'..='\u{218F}' | '\u{2C00}'..='\u{2FEF}' | '\u{3001}'..='\u{D7FF}'
        | '\u{F900}'..='\u{FDCF}' | '\u{FDF0}'..='\u{FFFD}' | '\u{10000}'..='\u{EFFFF}')
}

fn is_name_char(c: char) -> bool {
    is_name_start(c)
        || matches!(c, '-' | '.' | '0'..='9' | '\u{B7}' | '\u{300}'..='\u{36F}' | '\u{203F}'..='\u{2040}')
}

/// Whether `text` is an NCName (Namespaces in XML §3), which is also the lexical form of `xs:ID`.
pub fn is_ncname(text: &str) -> bool {
    let mut chars = text.chars();
    chars.next().is_some_and(is_name_start) && chars.all(is_name_char)
}

/// Whether `text` is an `xs:Name`: an NCName with colons anywhere.
pub fn is_name(text: &str) -> bool {
    is_ncname(&text.replace(':', "_"))
}

/// Without the outer white space, which XML Schema takes off what is no plain string: `xs:anyURI`,
/// `xs:NCName`, `xs:dateTime`, `xs:boolean` and their kin (XML Schema Part 2, §4.3.6).
pub fn collapse(text: &str) -> &str {
    text.trim_matches([' ', '\t', '\n', '\r'])
}

/// Reads `xs:boolean`: `true`, `false`, `1` or `0`, with the white space XML Schema collapses.
pub fn parse_boolean(text: &str) -> Option<bool> {
    match collapse(text) {
        "true" | "1" => Some(true),
        "false" | "0" => Some(false),
        _ => None,
    }
}
