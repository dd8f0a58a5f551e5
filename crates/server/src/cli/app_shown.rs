//! What `avouch app` shows of an app: what its page shows, as text and as JSON.

use std::fmt::Write as _;

use avouch_saml::metadata::{Change, SpMetadata};
use serde_json::{Map, Value, json};

use super::findings;
use super::open::now;
use crate::apps::App;
use crate::apps::draft::Draft;
use crate::apps::effective::{self, Organisation};
use crate::apps::onboard::preview::Preview;
use crate::apps::row::row_text;
use crate::apps::settings::{SETTINGS, Setting};
use crate::flow::admin::AdminContext;
use crate::flow::admin::apps::{AppView, StoredApp};
use crate::flow::admin::readiness;
use crate::text::Locale;
use crate::web::admin::apps::idp_info;
use crate::web::admin::view::{certificates, contact_line};
use crate::web::pages::admin::{CertificateLine, Use};

/// Everything about a stored app.
pub(super) fn shown(cx: &AdminContext<'_>, view: &AppView) -> Value {
    let AppView {
        stored,
        sp,
        profiles,
        permission_sets: sets,
        keys,
        findings: found,
        ..
    } = view;
    let (settings, app) = (cx.settings, &stored.app);
    let draft = Draft::of(app);
    let values: Map<String, Value> = SETTINGS
        .iter()
        .map(|setting| (setting.key.to_owned(), setting.json(&draft)))
        .collect();
    let listed = |ids: Vec<&str>, all: Vec<(&str, &str)>| -> Vec<String> {
        all.into_iter()
            .filter(|(id, _)| ids.contains(id))
            .map(|(_, name)| name.to_owned())
            .collect()
    };
    let info = idp_info(settings, Some(app), keys, cx.now);
    let organisation = readiness::with_keys(settings, keys);
    json!({
        "findings": findings::values(found),
        "id": app.id.as_str(), "api_name": app.api_name, "name": app.name,
        "entity_id": stored.entity_id, "state": app.state.as_str(),
        "settings": values,
        "in_force": in_force(app, sp, &organisation),
        "attributes": app.definition.saml.attributes.iter().map(row_text).collect::<Vec<_>>(),
        "profiles": listed(
            app.policy.profiles.iter().map(|id| id.as_str()).collect(),
            profiles.iter().map(|(id, name)| (id.as_str(), name.as_str())).collect()),
        "permission_sets": listed(
            app.policy.permission_sets.iter().map(|id| id.as_str()).collect(),
            sets.iter().map(|(id, name)| (id.as_str(), name.as_str())).collect()),
        "service_provider": service_provider(sp),
        "identity_provider": {
            "entity_id": info.entity_id, "metadata_url": info.metadata_url,
            "app_metadata_url": info.app_metadata_url, "sso_url": info.sso_redirect,
            "launch_url": info.launch_url,
            "certificates": info.certificates.iter().map(|certificate| json!({
                "fingerprint_sha256": certificate.fingerprint,
                "fingerprint_sha1": certificate.sha1,
                "expires": certificate.expires.iso, "pem": certificate.pem,
            })).collect::<Vec<_>>(),
        },
    })
}

/// The values in force where the settings alone do not tell, each with where it comes from.
fn in_force(app: &App, sp: &SpMetadata, organisation: &Organisation<'_>) -> Value {
    let texts = Locale::default().catalogue().in_force;
    effective::in_force(&app.definition, sp, organisation)
        .into_iter()
        .map(|(key, held)| {
            let line = json!({
                "value": texts.value(&held.value),
                "source": texts.source(key, &held.value, held.origin),
                "origin": held.origin.word(),
            });
            (key.to_owned(), line)
        })
        .collect::<Map<String, Value>>()
        .into()
}

/// What metadata says of a service provider.
fn service_provider(sp: &SpMetadata) -> Value {
    json!({
        "acs": sp.acs.iter().map(|acs| json!({
            "location": acs.location().as_str(), "binding": acs.binding().uri(),
            "index": acs.index(), "default": acs.is_default(),
        })).collect::<Vec<_>>(),
        "keys": certificates(sp, now()).iter().map(|key| json!({
            "use": use_word(key), "kind": key.kind, "subject": key.subject,
            "fingerprint_sha256": key.fingerprint, "expires": key.expires.iso,
            "expired": key.expired,
        })).collect::<Vec<_>>(),
        "name_id_formats": sp.name_id_formats.iter().map(|f| f.uri()).collect::<Vec<_>>(),
        "requests_signed": sp.authn_requests_signed,
        "wants_assertions_signed": sp.want_assertions_signed,
        "contacts": sp.contacts.iter().map(contact_line).collect::<Vec<_>>(),
        "valid_until": sp.valid_until.map(|until| until.to_string()),
    })
}

fn use_word(key: &CertificateLine) -> &'static str {
    match key.used_for {
        Use::Signing => "signing",
        Use::Encryption => "encryption",
        Use::Both => "signing and encryption",
    }
}

fn service_provider_text(sp: &Value) -> String {
    let text = |value: &Value| value.as_str().unwrap_or("").to_owned();
    let all = |key: &str| sp[key].as_array().cloned().unwrap_or_default();
    let mut out = String::new();
    for acs in all("acs") {
        let mut notes = text(&acs["binding"]);
        if let Some(index) = acs["index"].as_u64() {
            let _ = write!(notes, ", index {index}");
        }
        if acs["default"] == true {
            notes.push_str(", default");
        }
        let _ = writeln!(out, "ACS          {} ({notes})", text(&acs["location"]));
    }
    for key in all("keys") {
        let expiry = if key["expired"] == true {
            "expired"
        } else {
            "expires"
        };
        let day: String = text(&key["expires"]).chars().take(10).collect();
        let _ = writeln!(
            out,
            "key          {} for {}, {expiry} {day}, {}",
            text(&key["kind"]),
            text(&key["use"]),
            text(&key["fingerprint_sha256"])
        );
    }
    for contact in all("contacts") {
        let _ = writeln!(out, "contact      {}", text(&contact));
    }
    if let Some(until) = sp["valid_until"].as_str() {
        let _ = writeln!(out, "valid until  {until}");
    }
    out
}

/// What a setting does, in a sentence.
fn about(setting: &Setting) -> &'static str {
    let texts = Locale::default().catalogue().settings.of(setting.key);
    texts.map_or("", |texts| texts.about.0)
}

/// `avouch app show`, for people; `value` is what [`shown`] made.
pub(super) fn show_text(stored: &StoredApp, value: &Value) -> String {
    let app = &stored.app;
    let draft = Draft::of(app);
    let mut text = format!(
        "{} ({})\nentity ID    {}\nstate        {}\n",
        app.api_name,
        app.name,
        stored.entity_id,
        app.state.as_str()
    );
    for (label, key) in [("profiles", "profiles"), ("sets", "permission_sets")] {
        let names: Vec<&str> = value[key]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .collect();
        let _ = writeln!(text, "{label:<12} {}", names.join(", "));
    }
    text.push_str(&service_provider_text(&value["service_provider"]));
    for finding in value["findings"].as_array().into_iter().flatten() {
        let severity = match finding["severity"].as_str() {
            Some("cannot_work") => "cannot work",
            _ => "may not work",
        };
        let _ = writeln!(
            text,
            "{severity:<12} {}",
            finding["text"].as_str().unwrap_or_default()
        );
    }
    text.push_str("\nSAML login information, for the service provider:\n");
    let idp = &value["identity_provider"];
    for (label, key) in [
        ("Metadata URL", "app_metadata_url"),
        ("Entity ID", "entity_id"),
        ("Sign-on URL", "sso_url"),
        ("Launch URL", "launch_url"),
    ] {
        let _ = writeln!(text, "  {label:<13} {}", idp[key].as_str().unwrap_or(""));
    }
    for certificate in idp["certificates"].as_array().into_iter().flatten() {
        let day: String = certificate["expires"]
            .as_str()
            .unwrap_or("")
            .chars()
            .take(10)
            .collect();
        let _ = writeln!(
            text,
            "  Certificate   SHA-256 {}, expires {day}",
            certificate["fingerprint_sha256"].as_str().unwrap_or("")
        );
    }
    text.push_str("\nSettings (change with `avouch app edit NAME SETTING=VALUE`):\n");
    for setting in SETTINGS {
        let _ = writeln!(
            text,
            "  {} = {}\n      {} Takes {}.",
            setting.key,
            setting.text(&draft),
            about(setting),
            setting.expected()
        );
    }
    text.push_str("\nIn force, where the settings alone do not tell:\n");
    for (key, line) in value["in_force"].as_object().into_iter().flatten() {
        let part = |name: &str| line[name].as_str().unwrap_or_default();
        let _ = writeln!(text, "  {key} = {} ({})", part("value"), part("source"));
    }
    text
}

/// What metadata would become, before it is stored.
pub(super) fn understood(preview: &Preview, signature: &str) -> Value {
    let sp = &preview.sp;
    let mut value = service_provider(sp);
    value["entity_id"] = json!(sp.entity_id.as_str());
    value["name"] = json!(preview.draft.name);
    value["logo"] = json!(preview.draft.definition.logo_url);
    value["signature"] = json!(signature);
    value["identifying_name_id_format"] = json!(preview.identifying.as_ref().map(|f| f.uri()));
    value["requested_attributes"] = preview
        .proposals
        .iter()
        .map(|p| {
            json!({
                "name": p.requested.name, "required": p.requested.is_required,
                "known_as": p.row.as_ref().map(row_text),
            })
        })
        .collect();
    value["warnings"] = sp.warnings.iter().map(ToString::to_string).collect();
    value["ignored"] = json!(sp.ignored);
    value
}

/// The same for people.
pub(super) fn understood_text(preview: &Preview, signature: &str) -> String {
    let sp = &preview.sp;
    let mut text = format!("{}\nentity ID    {}\n", preview.draft.name, sp.entity_id);
    text.push_str(&service_provider_text(&service_provider(sp)));
    if let Some(logo) = &preview.draft.definition.logo_url {
        let start: String = logo.chars().take(80).collect();
        let _ = writeln!(text, "logo         {start}");
    }
    let _ = writeln!(text, "signature    {signature}");
    let given = preview
        .draft
        .definition
        .saml
        .name_id_formats()
        .collect::<Vec<_>>();
    if let Some(format) = &preview.identifying
        && !given.contains(&format.uri())
    {
        let _ = writeln!(
            text,
            "asks for     {}, which tells who the user is; not given unless name_id_format or \
             allowed_name_id_formats says so, or --accept-requested",
            format.uri()
        );
    }
    for proposal in &preview.proposals {
        let _ = writeln!(
            text,
            "asks for     {}{}",
            proposal.requested.name,
            match &proposal.row {
                Some(row) => format!(" -> {}", row_text(row)),
                None => " (not known here: add a row by hand if it is to be released)".to_owned(),
            }
        );
    }
    let lookalikes = preview.lookalikes();
    if !lookalikes.is_empty() {
        let _ = writeln!(
            text,
            "warning      the entity ID has letters that can be taken for others: {lookalikes}"
        );
    }
    for warning in &sp.warnings {
        let _ = writeln!(text, "warning      {warning}");
    }
    for ignored in &sp.ignored {
        let _ = writeln!(text, "ignored      {ignored}");
    }
    text
}

/// What new metadata would change, risky changes apart from safe ones.
pub(super) fn change_lines(changes: &[Change]) -> String {
    let mut out = String::new();
    let weight = |change: &Change| match (change.is_risky(), change.is_of_keys()) {
        (true, _) => 0,
        (false, true) => 1,
        (false, false) => 2,
    };
    for (group, title) in [
        "Changes to check with the app's owner:",
        "Keys changed: compare the fingerprints with the app's owner:",
        "Harmless changes:",
    ]
    .into_iter()
    .enumerate()
    {
        let mut these = changes.iter().filter(|c| weight(c) == group).peekable();
        if these.peek().is_some() {
            let _ = writeln!(out, "{title}");
        }
        for change in these {
            let _ = writeln!(out, "  {change}");
        }
    }
    out
}
