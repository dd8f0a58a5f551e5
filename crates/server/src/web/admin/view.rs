//! From what a flow found to what a page shows.

use avouch_saml::metadata::diff::diff;
use avouch_saml::metadata::endpoint::RESPONSE_BINDINGS;
use avouch_saml::metadata::key_descriptor::KeyUse;
use avouch_saml::metadata::ui::{Contact, ContactKind, choose_text};
use avouch_saml::metadata::{Binding, SpMetadata};
use avouch_saml::security::certificate::{Certificate, KeyKind};
use avouch_saml::time::Timestamp;

use crate::apps::link::is_held_logo;
use crate::apps::onboard::preview::Preview;
use crate::flow::admin::Acting;
use crate::flow::admin::apps::DocumentSignature;
use crate::users::AdminRight;
use crate::web::pages::admin::{
    AppPreviewPage, CertificateAge, CertificateLine, Change, ChangeWeight, EndpointLine,
    PreviewSource, RequestedLine, Use,
};
use crate::web::pages::{AppLabel, Frame, Moment};

const LANGUAGES: &[&str] = &["en"];
const DAY_MILLIS: i64 = 86_400_000;

/// An instant as pages show it.
pub(super) fn moment(at: Timestamp) -> Moment {
    Moment::from_unix_millis(at.millis())
}

/// Whole days from `now` until `at`; negative once it has passed.
pub(super) fn days_until(at: Timestamp, now: Timestamp) -> i64 {
    (at.millis() - now.millis()).div_euclid(DAY_MILLIS)
}

/// The word for a kind of key.
pub(super) fn key_kind(kind: KeyKind) -> String {
    match kind {
        KeyKind::Rsa { bits } => format!("RSA {bits}"),
        KeyKind::P256 => "EC P-256".into(),
        KeyKind::P384 => "EC P-384".into(),
        KeyKind::P521 => "EC P-521".into(),
    }
}

/// The ACS endpoints of an SP.
pub(super) fn endpoints(sp: &SpMetadata) -> Vec<EndpointLine> {
    sp.acs
        .iter()
        .map(|acs| EndpointLine {
            url: acs.location().to_string(),
            binding: binding_name(acs.binding()),
            index: acs.index(),
            default: acs.is_default() == Some(true),
            usable: RESPONSE_BINDINGS.contains(acs.binding()),
        })
        .collect()
}

fn binding_name(binding: &Binding) -> String {
    let uri = binding.uri();
    uri.rsplit_once(":bindings:")
        .map_or_else(|| uri.to_owned(), |(_, name)| name.to_owned())
}

/// The certificates of an SP. Keys without a certificate are named by their kind.
pub(crate) fn certificates(sp: &SpMetadata, now: Timestamp) -> Vec<CertificateLine> {
    sp.keys
        .iter()
        .map(|key| {
            let until = key.certificate.as_ref().and_then(Certificate::not_after);
            CertificateLine {
                used_for: match key.usage {
                    KeyUse::Signing => Use::Signing,
                    KeyUse::Encryption => Use::Encryption,
                    KeyUse::Both => Use::Both,
                },
                subject: key
                    .certificate
                    .as_ref()
                    .map(Certificate::subject)
                    .unwrap_or_default(),
                kind: key_kind(key.public_key.kind()),
                fingerprint: key
                    .certificate
                    .as_ref()
                    .map(Certificate::fingerprint)
                    .unwrap_or_default(),
                expires: until.map_or_else(|| Moment::from_unix_millis(0), moment),
                expired: until.is_some_and(|until| until <= now),
                ignored_because: None,
            }
        })
        .collect()
}

/// The certificate of an SP that most deserves attention: one that has expired, or the first to
/// expire within 90 days.
pub(super) fn certificate_age(sp: &SpMetadata, now: Timestamp) -> Option<CertificateAge> {
    let first = sp
        .keys
        .iter()
        .filter_map(|key| key.certificate.as_ref()?.not_after())
        .min()?;
    if first <= now {
        Some(CertificateAge::Expired)
    } else if days_until(first, now) <= 90 {
        Some(CertificateAge::Expiring(moment(first)))
    } else {
        None
    }
}

/// A contact on one line.
pub(crate) fn contact_line(contact: &Contact) -> String {
    let kind = match contact.kind {
        ContactKind::Technical => "technical",
        ContactKind::Support => "support",
        ContactKind::Administrative => "administrative",
        ContactKind::Billing => "billing",
        ContactKind::Security => "security",
        ContactKind::Other => "other",
    };
    let name: Vec<&str> = [&contact.given_name, &contact.surname, &contact.company]
        .into_iter()
        .flatten()
        .map(String::as_str)
        .collect();
    let mut parts = Vec::new();
    if !name.is_empty() {
        parts.push(name.join(" "));
    }
    parts.extend(contact.emails.iter().cloned());
    parts.extend(contact.telephones.iter().cloned());
    format!("{kind}: {}", parts.join(", "))
}

/// Where the preview leads.
pub(super) struct Leads {
    /// Where saving posts to.
    pub(super) save_url: String,
    /// Where discarding leads.
    pub(super) cancel_url: String,
}

/// What is to be brought back, and what is known of its signature.
pub(super) struct Came {
    pub(super) document: Vec<u8>,
    pub(super) signed_by: String,
    pub(super) signature: DocumentSignature,
}

/// The preview page for `viewer`; `replaced` is what the app's metadata says now.
pub(super) fn preview_page(
    frame: Frame,
    viewer: &Acting,
    preview: &Preview,
    came: Came,
    replaced: Option<&SpMetadata>,
    leads: Leads,
    now: Timestamp,
) -> AppPreviewPage {
    let sp = &preview.sp;
    let definition = &preview.draft.definition;
    let text = |texts| {
        choose_text(texts, LANGUAGES)
            .map(str::to_owned)
            .unwrap_or_default()
    };
    let mut warnings: Vec<String> = sp.warnings.iter().map(ToString::to_string).collect();
    let t = &frame.t.app_preview;
    let may_release = viewer.rights.contains(&AdminRight::ManageRelease);
    if replaced.is_none() && !may_release && sp.has_claims() {
        warnings.insert(0, t.warning_claims.to_string());
    }
    if let Some(format) = preview.identifying.as_ref().filter(|_| replaced.is_none()) {
        warnings.insert(0, t.warning_identifying.with(format.uri()));
    }
    let lookalikes = preview.lookalikes();
    if !lookalikes.is_empty() {
        warnings.insert(0, t.warning_lookalikes.with(lookalikes));
    }
    if came.signature == DocumentSignature::NotVerified {
        warnings.insert(0, t.warning_not_verified.to_string());
    }
    if definition
        .logo_url
        .as_deref()
        .is_some_and(|logo| !is_held_logo(logo))
    {
        warnings.push(t.warning_logo.to_string());
    }
    for key in certificates(sp, now) {
        if key.expired {
            warnings.push(t.warning_expired.with(&key.subject));
        }
    }
    let identifying = preview.identifying.iter().map(|format| RequestedLine {
        name: format.uri().to_owned(),
        friendly: t.identifying.to_string(),
        required: false,
        can_release: may_release,
    });
    let requested = preview.proposals.iter().map(|p| RequestedLine {
        name: p.requested.name.clone(),
        friendly: p.requested.friendly_name.clone().unwrap_or_default(),
        required: p.requested.is_required,
        can_release: p.row.is_some() && may_release,
    });
    AppPreviewPage {
        signature: match &came.signature {
            DocumentSignature::Absent => t.signature_none.to_string(),
            DocumentSignature::NotVerified => t.signature_not_verified.to_string(),
            DocumentSignature::VerifiedBy(key) => t.signature_verified.with(key),
        },
        save_url: leads.save_url,
        cancel_url: leads.cancel_url,
        // The reader takes nothing but UTF-8.
        source: PreviewSource {
            metadata: String::from_utf8(came.document).unwrap_or_default(),
            signed_by: came.signed_by,
            compared: String::new(),
        },
        app: AppLabel::new(&preview.draft.name, definition.logo_url.as_deref()),
        entity_id: sp.entity_id.to_string(),
        description: definition.description.clone(),
        organisation: sp
            .organization
            .as_ref()
            .map(|o| text(&o.display_names))
            .unwrap_or_default(),
        contacts: sp.contacts.iter().map(contact_line).collect(),
        info_url: text(&sp.ui.information_urls),
        privacy_url: text(&sp.ui.privacy_statement_urls),
        categories: sp
            .entity_attributes
            .iter()
            .map(|a| format!("{} = {}", a.name, a.values.join(", ")))
            .collect(),
        valid_until: sp.valid_until.map(moment),
        endpoints: endpoints(sp),
        certificates: certificates(sp, now),
        requested: requested.chain(identifying).collect(),
        requests_signed: sp.authn_requests_signed,
        assertions_signed: sp.want_assertions_signed,
        formats: sp
            .name_id_formats
            .iter()
            .map(|f| f.uri().to_owned())
            .collect(),
        warnings,
        ignored: sp.ignored.clone(),
        findings: Vec::new(),
        changes: replaced.map(|old| {
            diff(old, sp)
                .into_iter()
                .map(|change| Change {
                    weight: if change.is_risky() {
                        ChangeWeight::Risky
                    } else if change.is_of_keys() {
                        ChangeWeight::Keys
                    } else {
                        ChangeWeight::Harmless
                    },
                    what: change.to_string(),
                    before: String::new(),
                    after: String::new(),
                })
                .collect()
        }),
        frame,
    }
}
