//! Typed fields into SP metadata, so that a typed app passes the same reader as an uploaded one.

use avouch_saml::metadata::key_descriptor::{KeyUse, SpKey};
use avouch_saml::metadata::{AcsEndpoint, AcsSelector, Binding, Reading, SpMetadata};
use avouch_saml::time::Timestamp;
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
    for (key_use, given) in [
        ("signing", &typed.signing_certificates),
        ("encryption", &typed.encryption_certificates),
    ] {
        for base64 in given.iter().flat_map(|text| certificates(text)) {
            w.start(md("KeyDescriptor")).attr("use", key_use);
            w.start(ds("KeyInfo")).start(ds("X509Data"));
            w.leaf(ds("X509Certificate"), &base64);
            w.end().end().end();
        }
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

/// Writes the metadata of `stored` with what was typed in its place: endpoints for HTTP-POST, keys
/// that come in certificates, and whether requests are signed. Everything else that has an effect
/// stays; so do index, default and encryption methods of an endpoint or key that was typed again.
///
/// # Errors
/// [`TypedError`]. What was typed and cannot be read comes back as [`typed_to_metadata`] writes it,
/// for the reader to say what is wrong.
pub fn typed_over(
    stored: &SpMetadata,
    typed: &Typed,
    now: Timestamp,
) -> Result<Vec<u8>, TypedError> {
    let plain = typed_to_metadata(typed)?;
    let Ok(new) = SpMetadata::parse(&plain, &Reading::at(now)) else {
        return Ok(plain);
    };
    let merged = SpMetadata {
        entity_id: new.entity_id.clone(),
        acs: endpoints_over(stored, &new),
        keys: keys_over(&stored.keys, &new.keys),
        authn_requests_signed: new.authn_requests_signed,
        // Whoever types it anew vouches for it anew.
        valid_until: stored.valid_until.filter(|until| *until > now),
        ..stored.clone()
    };
    Ok(merged.to_xml()?)
}

fn endpoints_over(stored: &SpMetadata, new: &SpMetadata) -> Vec<AcsEndpoint> {
    let by_post = |acs: &&AcsEndpoint| *acs.binding() == Binding::HttpPost;
    let default = stored.choose_acs(&AcsSelector::default()).ok();
    // The first one typed is the default: nothing to say while it was that already.
    let same_default = default.map(AcsEndpoint::location) == new.acs.first().map(|a| a.location());
    let mut free =
        (0..=u16::MAX).filter(|index| !stored.acs.iter().any(|acs| acs.index() == Some(*index)));
    let mut merged = Vec::new();
    for (place, acs) in new.acs.iter().enumerate() {
        let known = stored
            .acs
            .iter()
            .filter(by_post)
            .find(|known| known.location() == acs.location());
        let (index, is_default) = match known {
            Some(known) => (known.index(), known.is_default()),
            None => (free.next(), None),
        };
        let is_default = if same_default {
            is_default
        } else {
            (place == 0).then_some(true)
        };
        let location = acs.location().as_str();
        merged.extend(AcsEndpoint::register(
            Binding::HttpPost,
            location,
            index,
            is_default,
        ));
    }
    merged.extend(stored.acs.iter().filter(|acs| !by_post(acs)).cloned());
    merged
}

fn keys_over(stored: &[SpKey], new: &[SpKey]) -> Vec<SpKey> {
    let typed_for = |key: &SpKey, usable: fn(KeyUse) -> bool| {
        usable(key.usage)
            && new
                .iter()
                .any(|typed| typed.public_key == key.public_key && usable(typed.usage))
    };
    let mut merged: Vec<SpKey> = Vec::new();
    for key in stored {
        let usage = match (
            typed_for(key, KeyUse::signs),
            typed_for(key, KeyUse::encrypts),
        ) {
            // A bare key has no certificate to show, so nobody took it out.
            _ if key.certificate.is_none() => key.usage,
            (true, true) => KeyUse::Both,
            (true, false) => KeyUse::Signing,
            (false, true) => KeyUse::Encryption,
            (false, false) => continue,
        };
        merged.push(SpKey {
            usage,
            ..key.clone()
        });
    }
    for key in new {
        let known = merged.iter().any(|known| {
            known.public_key == key.public_key
                && (!key.usage.signs() || known.usage.signs())
                && (!key.usage.encrypts() || known.usage.encrypts())
        });
        if !known {
            merged.push(key.clone());
        }
    }
    merged
}

/// The certificates in a text, each as its base64: those in PEM, with whatever stands around them, such
/// as the attributes that `openssl pkcs12` prints, or the text as a whole. What is not base64 stays, so
/// that the reader names it.
pub fn certificates(text: &str) -> Vec<String> {
    let text = match text.find("-----BEGIN CERTIFICATE-----") {
        Some(first) => &text[first..],
        None => text,
    };
    text.split("-----BEGIN CERTIFICATE-----")
        .map(|block| {
            block
                .split("-----END CERTIFICATE-----")
                .next()
                .unwrap_or("")
        })
        .map(|block| block.lines().map(str::trim).filter(|line| !line.is_empty()))
        .map(|lines| lines.collect::<Vec<_>>().join("\n"))
        .filter(|block| !block.is_empty())
        .collect()
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

    /// What the form shows of stored metadata, typed again.
    fn shown(sp: &SpMetadata) -> Typed {
        let pems = |usable: fn(KeyUse) -> bool| {
            sp.keys
                .iter()
                .filter(|key| usable(key.usage))
                .filter_map(|key| key.certificate.as_ref().map(|c| c.pem()))
                .collect()
        };
        Typed {
            entity_id: sp.entity_id.to_string(),
            name: String::new(),
            acs: sp
                .acs
                .iter()
                .filter(|acs| *acs.binding() == Binding::HttpPost)
                .map(|acs| acs.location().to_string())
                .collect(),
            signing_certificates: pems(KeyUse::signs),
            encryption_certificates: pems(KeyUse::encrypts),
            signs_requests: sp.authn_requests_signed,
        }
    }

    const NOW: Timestamp = Timestamp::from_millis(1_772_460_309_250);

    fn wiki() -> SpMetadata {
        let document = include_bytes!("../../../../../examples/metadata/wiki.xml");
        SpMetadata::parse(document, &Reading::of_any_age(NOW)).expect("the example is good")
    }

    #[test]
    fn typing_what_is_there_changes_nothing() {
        for document in [
            &include_bytes!("../../../../../examples/metadata/wiki.xml")[..],
            include_bytes!("../../../../../tests/vectors/metadata/every-kind.xml"),
        ] {
            let stored = SpMetadata::parse(document, &Reading::of_any_age(NOW)).expect("good");
            let typed = shown(&stored);
            let xml = typed_over(&stored, &typed, NOW).expect("writable");
            let after = SpMetadata::parse(&xml, &Reading::at(NOW)).expect("good");
            assert_eq!(avouch_saml::metadata::diff(&stored, &after), []);
            assert_eq!(after.keys, stored.keys);
            assert_eq!(
                after.attribute_consuming_services,
                stored.attribute_consuming_services
            );
        }
    }

    #[test]
    fn what_is_typed_anew_replaces_only_itself() {
        let stored = wiki();
        let mut typed = shown(&stored);
        typed.acs.insert(0, "https://wiki.example.org/new".into());
        typed.encryption_certificates.clear();
        let xml = typed_over(&stored, &typed, NOW).expect("writable");
        let after = SpMetadata::parse(&xml, &Reading::at(NOW)).expect("good");
        let chosen = after.choose_acs(&AcsSelector::default()).expect("one");
        assert_eq!(chosen.location().as_str(), "https://wiki.example.org/new");
        assert_eq!(after.acs.len(), stored.acs.len() + 1);
        assert!(!after.keys.iter().any(|key| key.usage.encrypts()));
        assert_eq!(after.name_id_formats, stored.name_id_formats);
        assert_eq!(after.entity_attributes, stored.entity_attributes);
        assert_eq!(after.contacts, stored.contacts);
    }

    #[test]
    fn field_22_armour_and_whatever_stands_around_it_is_dropped() {
        let pem =
            "-----BEGIN CERTIFICATE-----\r\nAAAA\r\n  BBBB\r\n\r\n-----END CERTIFICATE-----\r\n";
        assert_eq!(certificates(pem), ["AAAA\nBBBB"]);
        let bag = "Bag Attributes\n    friendlyName: sp\nsubject=CN = sp.example.org\n";
        let two = format!("{bag}{pem}\n{bag}{}{bag}", pem.replace("AAAA", "CCCC"));
        assert_eq!(certificates(&two), ["AAAA\nBBBB", "CCCC\nBBBB"]);
        assert_eq!(certificates(" AABB\n"), ["AABB"]);
        assert_eq!(certificates(" \n"), Vec::<String>::new());
        assert_eq!(certificates("no certificate"), ["no certificate"]);
    }
}
