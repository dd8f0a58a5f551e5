//! What the sign-on-once check found, as commands say it.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::CommandError;
use crate::apps::readiness::{Finding, FindingId};
use crate::flow::admin::readiness::CannotWork;
use crate::text::{Findings, Locale};

fn texts() -> Findings {
    Locale::default().catalogue().findings
}

/// For programs.
pub(super) fn values(findings: &[Finding]) -> Value {
    let texts = texts();
    findings
        .iter()
        .map(|finding| {
            json!({
                "id": finding.id.word(), "severity": finding.severity.word(),
                "field": finding.field, "expected": finding.expected,
                "received": finding.received, "origin": finding.origin.word(),
                "details": finding.details, "text": texts.sentence(finding),
            })
        })
        .collect()
}

/// For people, one a line, each with how bad it is.
pub(super) fn lines(findings: &[Finding]) -> String {
    let texts = texts();
    let mut out = String::new();
    for finding in findings {
        let severity = texts.severity(finding.severity);
        let _ = writeln!(out, "{severity}: {}", texts.sentence(finding));
    }
    out
}

/// The same for a change that is stored, as warnings after what was done; who may enter a new app
/// is said in a sentence of its own.
pub(super) fn warnings(findings: &[Finding]) -> String {
    let rest: Vec<Finding> = findings
        .iter()
        .filter(|finding| finding.id != FindingId::NobodyMayEnter)
        .cloned()
        .collect();
    let lines = lines(&rest);
    lines
        .lines()
        .map(|line| format!("\nwarning: {line}"))
        .collect()
}

/// The worst of them, for a list; empty when there is none.
pub(super) fn worst(findings: &[Finding]) -> String {
    let texts = texts();
    findings.first().map_or_else(String::new, |first| {
        let severity = texts.severity(first.severity).to_string();
        format!("{}: {}", severity.to_lowercase(), texts.name(first))
    })
}

impl From<CannotWork> for CommandError {
    fn from(CannotWork(found): CannotWork) -> Self {
        let texts = texts();
        Self::new(format!(
            "{}\n{}{}",
            texts.refused,
            lines(&found),
            texts.accept_flag
        ))
    }
}
