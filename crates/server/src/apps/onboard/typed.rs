//! Typed fields into SP metadata, so that a typed app passes the same reader as an uploaded one.

use avouch_saml::xml::names::{DS, MD, MDUI, SAMLP, XML};
use avouch_saml::xml::writer::{QName, WriteError, Writer};

/// What an admin types when an SP has no metadata file.
#[derive(Debug, Clone, Default)]
pub struct Typed {
    /// Entity ID, byte for byte the Issuer of the SP's requests.
    pub entity_id: String,
    /// Name for people; may be empty.
    pub name: String,
    /// ACS locations for HTTP-POST, the default first.
    pub acs: Vec<String>,
    /// Certificates the SP signs requests with: PEM or bare base64.
    pub signing_certificates: Vec<String>,
    /// Certificates assertions are encrypted for: PEM or bare base64.
    pub encryption_certificates: Vec<String>,
    /// NameID format URIs the SP takes, most wanted first.
    pub name_id_formats: Vec<String>,
    /// Whether the SP signs every request.
    pub signs_requests: bool,
}

/// What is wrong with typed fields, before metadata is made of them.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TypedError {
    /// No entity ID.
    #[error(
        "the entity ID is empty: expected the Issuer the SP puts in its requests, such as https://sp.example.org/saml"
    )]
    NoEntityId,
    /// No ACS.
    #[error(
        "there is no ACS URL: expected at least one address where the SP takes responses, such as https://sp.example.org/acs"
    )]
    NoAcs,
    /// Text that XML cannot carry.
    #[error("a field cannot be written as XML: {0}")]
    Unwritable(#[from] WriteError),
}

const fn md(local: &'static str) -> QName {
    QName::new("md", MD, local)
}
const fn mdui(local: &'static str) -> QName {
    QName::new("mdui", MDUI, local)
}
const fn ds(local: &'static str) -> QName {
    QName::new("ds", DS, local)
}

/// Writes the SP metadata that `typed` means. Reading it back decides whether it is good.
///
/// # Errors
/// [`TypedError`]: nothing to write, or text that XML cannot carry.
pub fn typed_to_metadata(typed: &Typed) -> Result<Vec<u8>, TypedError> {
    let entity_id = typed.entity_id.trim();
    if entity_id.is_empty() {
        return Err(TypedError::NoEntityId);
    }
    let acs: Vec<&str> = typed
        .acs
        .iter()
        .map(|location| location.trim())
        .filter(|location| !location.is_empty())
        .collect();
    if acs.is_empty() {
        return Err(TypedError::NoAcs);
    }
    let mut w = Writer::with_capacity(1024);
    w.start(md("EntityDescriptor")).attr("entityID", entity_id);
    w.start(md("SPSSODescriptor"))
        .attr("protocolSupportEnumeration", SAMLP);
    if typed.signs_requests {
        w.attr("AuthnRequestsSigned", "true");
    }
    let name = typed.name.trim();
    if !name.is_empty() {
        w.start(md("Extensions")).start(mdui("UIInfo"));
        w.start(mdui("DisplayName"))
            .attr_ns(QName::new("xml", XML, "lang"), "en")
            .text(name)
            .end();
        w.end().end();
    }
    for (key_use, certificates) in [
        ("signing", &typed.signing_certificates),
        ("encryption", &typed.encryption_certificates),
    ] {
        for certificate in certificates {
            let base64 = bare_base64(certificate);
            if base64.is_empty() {
                continue;
            }
            w.start(md("KeyDescriptor")).attr("use", key_use);
            w.start(ds("KeyInfo")).start(ds("X509Data"));
            w.leaf(ds("X509Certificate"), &base64);
            w.end().end().end();
        }
    }
    for format in &typed.name_id_formats {
        w.leaf(md("NameIDFormat"), format);
    }
    for (index, location) in acs.iter().enumerate() {
        w.start(md("AssertionConsumerService"))
            .attr("Binding", "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST")
            .attr("Location", location)
            .attr("index", &index.to_string());
        if index == 0 {
            w.attr("isDefault", "true");
        }
        w.end();
    }
    w.end().end();
    Ok(w.finish()?)
}

/// The base64 of a certificate without its PEM armour; what is not base64 stays, so that the
/// reader names it.
fn bare_base64(certificate: &str) -> String {
    certificate
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.starts_with("-----"))
        .collect::<Vec<_>>()
        .join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_that_are_missing_are_named() {
        let nameless = Typed {
            acs: vec!["https://sp.example.org/acs".into()],
            ..Typed::default()
        };
        assert_eq!(typed_to_metadata(&nameless), Err(TypedError::NoEntityId));
        let homeless = Typed {
            entity_id: "https://sp.example.org".into(),
            acs: vec![" ".into()],
            ..Typed::default()
        };
        assert_eq!(typed_to_metadata(&homeless), Err(TypedError::NoAcs));
        let both = Typed {
            acs: nameless.acs,
            ..homeless
        };
        let xml = String::from_utf8(typed_to_metadata(&both).expect("complete")).expect("utf-8");
        assert!(
            xml.contains("Location=\"https://sp.example.org/acs\" index=\"0\" isDefault=\"true\"")
        );
    }

    #[test]
    fn armour_and_blank_lines_are_dropped() {
        let pem =
            "-----BEGIN CERTIFICATE-----\r\nAAAA\r\n  BBBB\r\n\r\n-----END CERTIFICATE-----\r\n";
        assert_eq!(bare_base64(pem), "AAAA\nBBBB");
    }
}
