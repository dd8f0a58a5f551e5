//! Writes an SP's metadata in exclusive canonical form: for service providers built on this crate,
//! and for apps whose settings were typed in.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use openssl::bn::{BigNumContext, BigNumRef};
use openssl::ec::PointConversionForm;
use openssl::error::ErrorStack;
use openssl::nid::Nid;
use openssl::pkey::{Id, PKey};

use super::attributes::{AttributeConsumingService, UNSPECIFIED_NAME_FORMAT};
use super::sp::SpMetadata;
use super::writing::{
    algorithms, bool_text, certificate, contact, ds, duration, entity_attributes, key_descriptor,
    localized, md, organization, registration, saml, ui_info, ui_is_empty,
};
use crate::ids::MessageId;
use crate::security::certificate::PublicKey;
use crate::security::sign::Unsigned;
use crate::xml::names::{DSIG11, MDRPI, SAMLP};
use crate::xml::writer::{QName, WriteError, Writer};

impl SpMetadata {
    /// Writes the EntityDescriptor. Warnings and ignored elements are not part of it.
    ///
    /// # Errors
    /// [`WriteError`] when any text holds what XML cannot carry.
    pub fn to_xml(&self) -> Result<Vec<u8>, WriteError> {
        self.write(self.id.as_deref()).map(|(xml, _)| xml)
    }

    /// Writes the EntityDescriptor with an `ID`, ready to be signed.
    ///
    /// # Errors
    /// As [`SpMetadata::to_xml`].
    pub fn to_unsigned(&self, id: MessageId) -> Result<Unsigned<Self>, WriteError> {
        let (xml, insert_at) = self.write(Some(id.as_str()))?;
        Ok(Unsigned::new(xml, insert_at, id))
    }

    fn write(&self, id: Option<&str>) -> Result<(Vec<u8>, usize), WriteError> {
        let mut w = Writer::with_capacity(4 * 1024);
        let until = self.valid_until.map(|at| at.to_string());
        let cache = self.cache_seconds.map(duration);
        w.start(md("EntityDescriptor"))
            .attr("entityID", self.entity_id.as_str())
            .attr_opt("ID", id)
            .attr_opt("validUntil", until.as_deref())
            .attr_opt("cacheDuration", cache.as_deref());
        let insert_at = w.position();
        if self.registration.is_some()
            || self.published.is_some()
            || !self.entity_attributes.is_empty()
        {
            w.start(md("Extensions"));
            if let Some(at) = self.published {
                // The schema wants a publisher; of whoever it was, nothing is kept.
                w.start(QName::new("mdrpi", MDRPI, "PublicationInfo"))
                    .attr("creationInstant", &at.to_string())
                    .attr("publisher", self.entity_id.as_str())
                    .end();
            }
            if let Some(info) = &self.registration {
                registration(&mut w, info);
            }
            entity_attributes(&mut w, &self.entity_attributes);
            w.end();
        }
        self.write_role(&mut w);
        if let Some(org) = &self.organization {
            organization(&mut w, org);
        }
        for person in &self.contacts {
            contact(&mut w, person);
        }
        w.end();
        Ok((w.finish()?, insert_at))
    }

    fn write_role(&self, w: &mut Writer) {
        w.start(md("SPSSODescriptor"))
            .attr("protocolSupportEnumeration", SAMLP)
            .attr_opt("errorURL", self.error_url.as_deref())
            .attr("AuthnRequestsSigned", bool_text(self.authn_requests_signed))
            .attr(
                "WantAssertionsSigned",
                bool_text(self.want_assertions_signed),
            );
        if !self.algorithms.is_empty() || !ui_is_empty(&self.ui) {
            w.start(md("Extensions"));
            algorithms(w, &self.algorithms);
            ui_info(w, &self.ui);
            w.end();
        }
        for key in &self.keys {
            key_descriptor(w, key.usage, &key.encryption_methods, |w| {
                match &key.certificate {
                    Some(found) => certificate(w, found),
                    None => key_value(w, &key.public_key),
                }
            });
        }
        for slo in &self.slo {
            let response = slo.stated_response_location();
            w.start(md("SingleLogoutService"))
                .attr("Binding", slo.binding().uri())
                .attr("Location", slo.location().as_str())
                .attr_opt("ResponseLocation", response.map(|url| url.as_str()))
                .end();
        }
        for format in &self.name_id_formats {
            w.leaf(md("NameIDFormat"), format.uri());
        }
        for acs in &self.acs {
            w.start(md("AssertionConsumerService"))
                .attr("Binding", acs.binding().uri())
                .attr("Location", acs.location().as_str())
                .attr_opt("index", acs.index().map(|i| i.to_string()).as_deref())
                .attr_opt("isDefault", acs.is_default().map(bool_text))
                .end();
        }
        for service in &self.attribute_consuming_services {
            write_service(w, service);
        }
        w.end();
    }
}

fn write_service(w: &mut Writer, service: &AttributeConsumingService) {
    w.start(md("AttributeConsumingService"))
        .attr_opt("index", service.index.map(|i| i.to_string()).as_deref())
        .attr_opt("isDefault", service.is_default.map(bool_text));
    localized(w, md("ServiceName"), &service.service_names);
    localized(w, md("ServiceDescription"), &service.service_descriptions);
    for attribute in &service.requested {
        let format = Some(attribute.name_format.as_str());
        w.start(md("RequestedAttribute"))
            .attr("Name", &attribute.name)
            .attr_opt(
                "NameFormat",
                format.filter(|f| *f != UNSPECIFIED_NAME_FORMAT),
            )
            .attr_opt("FriendlyName", attribute.friendly_name.as_deref());
        if attribute.is_required {
            w.attr("isRequired", "true");
        }
        for value in &attribute.values {
            w.leaf(saml("AttributeValue"), value);
        }
        w.end();
    }
    w.end();
}

fn key_value(w: &mut Writer, key: &PublicKey) {
    w.start(ds("KeyValue"));
    let parts = key_parts(&key.spki_der()).expect("OpenSSL takes apart a key it has accepted");
    match parts {
        KeyParts::Rsa { modulus, exponent } => {
            w.start(ds("RSAKeyValue"));
            w.leaf(ds("Modulus"), &BASE64.encode(modulus));
            w.leaf(ds("Exponent"), &BASE64.encode(exponent));
        }
        KeyParts::Ec { curve, point } => {
            const fn dsig11(local: &'static str) -> QName {
                QName::new("dsig11", DSIG11, local)
            }
            w.start(dsig11("ECKeyValue"));
            w.start(dsig11("NamedCurve")).attr("URI", curve).end();
            w.leaf(dsig11("PublicKey"), &BASE64.encode(point));
        }
    }
    w.end().end();
}

enum KeyParts {
    Rsa { modulus: Vec<u8>, exponent: Vec<u8> },
    Ec { curve: &'static str, point: Vec<u8> },
}

fn key_parts(spki: &[u8]) -> Result<KeyParts, ErrorStack> {
    let key = PKey::public_key_from_der(spki)?;
    if key.id() == Id::RSA {
        let rsa = key.rsa()?;
        return Ok(KeyParts::Rsa {
            modulus: rsa.n().to_vec(),
            exponent: BigNumRef::to_vec(rsa.e()),
        });
    }
    let ec = key.ec_key()?;
    let curve = match ec.group().curve_name() {
        Some(Nid::SECP384R1) => "urn:oid:1.3.132.0.34",
        Some(Nid::SECP521R1) => "urn:oid:1.3.132.0.35",
        // An accepted key is on one of three curves.
        _ => "urn:oid:1.2.840.10045.3.1.7",
    };
    let mut context = BigNumContext::new()?;
    let form = PointConversionForm::UNCOMPRESSED;
    let point = ec.public_key().to_bytes(ec.group(), form, &mut context)?;
    Ok(KeyParts::Ec { curve, point })
}
