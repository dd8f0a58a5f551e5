//! What the writers of IdP and SP metadata share.

use super::algorithms::AlgorithmSupport;
use super::attributes::{EntityAttribute, Registration, UNSPECIFIED_NAME_FORMAT};
use super::key_descriptor::{EncryptionMethod, KeyUse};
use super::ui::{Contact, ContactKind, Localized, Organization, REMD, REMD_SECURITY, UiInfo};
use crate::security::certificate::Certificate;
use crate::xml::names::{ALG, DS, MD, MDATTR, MDRPI, MDUI, SAML, XENC, XENC11, XML};
use crate::xml::writer::{QName, Writer};

pub(super) const fn md(local: &'static str) -> QName {
    QName::new("md", MD, local)
}
pub(super) const fn ds(local: &'static str) -> QName {
    QName::new("ds", DS, local)
}
const fn mdui(local: &'static str) -> QName {
    QName::new("mdui", MDUI, local)
}
pub(super) const fn saml(local: &'static str) -> QName {
    QName::new("saml", SAML, local)
}
const LANG: QName = QName::new("xml", XML, "lang");

pub(super) fn bool_text(value: bool) -> &'static str {
    if value { "true" } else { "false" }
}

/// `PT…S`.
pub(super) fn duration(seconds: i64) -> String {
    format!("PT{}S", seconds.max(0))
}

pub(super) fn localized(w: &mut Writer, name: QName, texts: &[Localized]) {
    for text in texts {
        // The schema wants a language; und is the tag for an undetermined one.
        let lang = if text.lang.is_empty() {
            "und"
        } else {
            &text.lang
        };
        w.start(name).attr_ns(LANG, lang).text(&text.text).end();
    }
}

pub(super) fn ui_is_empty(ui: &UiInfo) -> bool {
    *ui == UiInfo::default()
}

pub(super) fn ui_info(w: &mut Writer, ui: &UiInfo) {
    if ui_is_empty(ui) {
        return;
    }
    w.start(mdui("UIInfo"));
    localized(w, mdui("DisplayName"), &ui.display_names);
    localized(w, mdui("Description"), &ui.descriptions);
    localized(w, mdui("Keywords"), &ui.keywords);
    for logo in &ui.logos {
        w.start(mdui("Logo"))
            .attr("height", &logo.height.to_string())
            .attr("width", &logo.width.to_string());
        if let Some(lang) = &logo.lang {
            w.attr_ns(LANG, lang);
        }
        w.text(&logo.url).end();
    }
    localized(w, mdui("InformationURL"), &ui.information_urls);
    localized(w, mdui("PrivacyStatementURL"), &ui.privacy_statement_urls);
    w.end();
}

pub(super) fn organization(w: &mut Writer, organization: &Organization) {
    w.start(md("Organization"));
    localized(w, md("OrganizationName"), &organization.names);
    localized(
        w,
        md("OrganizationDisplayName"),
        &organization.display_names,
    );
    localized(w, md("OrganizationURL"), &organization.urls);
    w.end();
}

pub(super) fn contact(w: &mut Writer, contact: &Contact) {
    w.start(md("ContactPerson"));
    let kind = match contact.kind {
        ContactKind::Technical => "technical",
        ContactKind::Support => "support",
        ContactKind::Administrative => "administrative",
        ContactKind::Billing => "billing",
        ContactKind::Security | ContactKind::Other => "other",
    };
    w.attr("contactType", kind);
    if contact.kind == ContactKind::Security {
        w.attr_ns(QName::new("remd", REMD, "contactType"), REMD_SECURITY);
    }
    for (name, text) in [
        ("Company", &contact.company),
        ("GivenName", &contact.given_name),
        ("SurName", &contact.surname),
    ] {
        if let Some(text) = text {
            w.leaf(md(name), text);
        }
    }
    for email in &contact.emails {
        w.leaf(md("EmailAddress"), &format!("mailto:{email}"));
    }
    for telephone in &contact.telephones {
        w.leaf(md("TelephoneNumber"), telephone);
    }
    w.end();
}

pub(super) fn algorithms(w: &mut Writer, support: &AlgorithmSupport) {
    for digest in &support.digests {
        w.start(QName::new("alg", ALG, "DigestMethod"))
            .attr("Algorithm", digest)
            .end();
    }
    for method in &support.signing {
        let bits = |bits: Option<u32>| bits.map(|bits| bits.to_string());
        w.start(QName::new("alg", ALG, "SigningMethod"))
            .attr("Algorithm", &method.algorithm)
            .attr_opt("MinKeySize", bits(method.min_key_bits).as_deref())
            .attr_opt("MaxKeySize", bits(method.max_key_bits).as_deref())
            .end();
    }
}

pub(super) fn registration(w: &mut Writer, registration: &Registration) {
    const fn mdrpi(local: &'static str) -> QName {
        QName::new("mdrpi", MDRPI, local)
    }
    let instant = registration.instant.map(|at| at.to_string());
    w.start(mdrpi("RegistrationInfo"))
        .attr("registrationAuthority", &registration.authority)
        .attr_opt("registrationInstant", instant.as_deref());
    localized(w, mdrpi("RegistrationPolicy"), &registration.policies);
    w.end();
}

pub(super) fn entity_attributes(w: &mut Writer, attributes: &[EntityAttribute]) {
    if attributes.is_empty() {
        return;
    }
    w.start(QName::new("mdattr", MDATTR, "EntityAttributes"));
    for attribute in attributes {
        w.start(saml("Attribute")).attr("Name", &attribute.name);
        if attribute.name_format != UNSPECIFIED_NAME_FORMAT {
            w.attr("NameFormat", &attribute.name_format);
        }
        for value in &attribute.values {
            w.leaf(saml("AttributeValue"), value);
        }
        w.end();
    }
    w.end();
}

/// A KeyDescriptor around the KeyInfo content that `key` writes.
pub(super) fn key_descriptor(
    w: &mut Writer,
    usage: KeyUse,
    methods: &[EncryptionMethod],
    key: impl FnOnce(&mut Writer),
) {
    let usage = match usage {
        KeyUse::Signing => Some("signing"),
        KeyUse::Encryption => Some("encryption"),
        KeyUse::Both => None,
    };
    w.start(md("KeyDescriptor")).attr_opt("use", usage);
    w.start(ds("KeyInfo"));
    key(w);
    w.end();
    for method in methods {
        w.start(md("EncryptionMethod"))
            .attr("Algorithm", &method.algorithm);
        if let Some(bits) = method.key_bits {
            w.leaf(QName::new("xenc", XENC, "KeySize"), &bits.to_string());
        }
        if method.unknown_parameters {
            // What they were is not known, but without any the method would become usable.
            w.leaf(QName::new("xenc", XENC, "OAEPparams"), "");
        }
        for (name, uri) in [
            (ds("DigestMethod"), &method.digest),
            (QName::new("xenc11", XENC11, "MGF"), &method.mgf),
        ] {
            if let Some(uri) = uri {
                w.start(name).attr("Algorithm", uri).end();
            }
        }
        w.end();
    }
    w.end();
}

pub(super) fn certificate(w: &mut Writer, certificate: &Certificate) {
    w.start(ds("X509Data"));
    w.leaf(ds("X509Certificate"), &certificate.base64());
    w.end();
}
