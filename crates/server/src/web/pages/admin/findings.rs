//! What keeps users from signing on to an app, as pages show it.

use super::super::Tone;

/// One finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FindingLine {
    /// [`Tone::Problem`] for what cannot work, [`Tone::Warning`] for what may not.
    pub tone: Tone,
    /// What is so and what to do, in sentences.
    pub text: String,
    /// Where it is mended; empty when that is not here.
    pub url: String,
}

/// Findings apart by how bad they are.
pub(super) trait Severe {
    /// Those for which it cannot work.
    fn cannot(&self) -> Vec<&FindingLine>;
    /// Those for which it may not.
    fn may(&self) -> Vec<&FindingLine>;
}

impl Severe for Vec<FindingLine> {
    fn cannot(&self) -> Vec<&FindingLine> {
        let bad = |line: &&FindingLine| line.tone == Tone::Problem;
        self.iter().filter(bad).collect()
    }

    fn may(&self) -> Vec<&FindingLine> {
        let bad = |line: &&FindingLine| line.tone == Tone::Problem;
        self.iter().filter(|line| !bad(line)).collect()
    }
}
