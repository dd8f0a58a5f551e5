//! `avouch check-config`: whether the configuration is good, and what it means.

use std::time::Instant;

use serde_json::json;

use super::CommandError;
use super::open::{Place, check_tls, now};
use super::output::Output;
use crate::directory::password::{Password, PasswordHasher};

pub(super) fn run(place: &Place<'_>, output: &Output) -> Result<(), CommandError> {
    let settings = place.settings()?;
    let tls = check_tls(&settings)?;
    if let Some(problem) = tls.as_ref().and_then(|tls| tls.problem(now())) {
        return Err(CommandError::new(problem));
    }
    let tls_until = tls.map(|tls| tls.until.to_string());
    let hasher = PasswordHasher::new(settings.login.hash_cost, 1, 1)?;
    // Timed for the operator to read; nothing depends on it. The best of three is what the hash
    // costs when nothing else runs.
    let mut hash_ms = u64::MAX;
    for _ in 0..3 {
        let from = Instant::now();
        hasher.hash(&Password::new("a password of ordinary length"))?;
        hash_ms = hash_ms.min(u64::try_from(from.elapsed().as_millis()).unwrap_or(u64::MAX));
    }
    let mut warnings = settings.warnings();
    warnings.extend(settings.exposed_files(place.config));
    let listen: Vec<String> = settings
        .server
        .listen
        .iter()
        .map(ToString::to_string)
        .collect();
    output.result(
        &json!({
            "ok": true,
            "base_url": settings.server.base_url.to_string(),
            "listen": listen,
            "entity_id": settings.idp.entity_id.as_str(),
            "database": settings.database.address.shown(),
            "password_hash_ms": hash_ms,
            "tls_certificate_expires": tls_until,
            "warnings": warnings,
        }),
        || {
            let mut text = format!(
                "The configuration is good.\n\
                 base URL       {}\n\
                 listens on     {}\n\
                 entity ID      {}\n\
                 database       {}\n\
                 password hash  {hash_ms} ms{}",
                settings.server.base_url,
                listen.join(", "),
                settings.idp.entity_id,
                settings.database.address.shown(),
                if (30..=100).contains(&hash_ms) {
                    ""
                } else {
                    " (30 to 100 ms is wanted: adjust login.hash_memory_kib and login.hash_passes)"
                }
            );
            if let Some(until) = &tls_until {
                text.push_str(&format!("\nTLS            certificate good until {until}"));
            }
            for warning in &warnings {
                text.push_str(&format!("\nwarning: {warning}"));
            }
            text
        },
    );
    Ok(())
}
