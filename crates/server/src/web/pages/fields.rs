//! The parts that forms are made of: one field with its label, hint, value and problem.

use std::borrow::Cow;

use crate::text::Text;

/// Something wrong with one field of a form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The field's `name`; for a field of an attribute row, the name and the row's number from
    /// 1, such as `attr_name-2`. It is also the `id` that the error summary links to.
    pub field: String,
    /// What is wrong, in a sentence from [`crate::text::Forms`].
    pub message: String,
}

impl Problem {
    /// A problem of the field `field`.
    pub fn new(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            field: field.into(),
            message: message.into(),
        }
    }
}

/// One field as a template draws it.
#[derive(Debug, Clone)]
pub(super) struct Field {
    /// `id`, and `name` but for fields of rows.
    pub(super) id: String,
    pub(super) name: &'static str,
    pub(super) label: Text,
    pub(super) hint: Option<Cow<'static, str>>,
    pub(super) value: String,
    /// How it is filled in, for a template that asks.
    pub(super) control: Control,
    pub(super) choices: Vec<Choice>,
    pub(super) problem: Option<String>,
    /// The value in force and where it comes from, when the field alone does not tell.
    pub(super) in_force: Option<String>,
}

impl Field {
    /// The IDs of what describes the field, for `aria-describedby`.
    pub(super) fn described_by(&self) -> String {
        let mut ids = Vec::new();
        if self.hint.is_some() {
            ids.push(format!("{}-hint", self.id));
        }
        if self.problem.is_some() {
            ids.push(format!("{}-problem", self.id));
        }
        if self.in_force.is_some() {
            ids.push(format!("{}-in-force", self.id));
        }
        ids.join(" ")
    }

    /// Whether a tick box is ticked.
    pub(super) fn is_ticked(&self) -> bool {
        self.value == "yes"
    }
}

/// How a field is filled in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Control {
    /// A line of text.
    Line,
    /// Several lines of text.
    Area {
        /// How many to show.
        rows: u8,
    },
    /// A box to tick.
    Tick {
        /// It lets something weak through.
        danger: bool,
    },
    /// A list to choose one from.
    Select,
    /// Options with notes, to choose one of.
    Radios,
    /// Options to choose any of.
    Boxes,
}

/// One option of a field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    /// The value sent.
    pub value: String,
    /// What people read.
    pub label: String,
    /// A second line; may be empty.
    pub note: String,
    /// Chosen now.
    pub selected: bool,
}

impl Choice {
    /// An option that is not chosen yet.
    pub fn new(value: impl Into<String>, label: impl Into<String>) -> Self {
        Self {
            value: value.into(),
            label: label.into(),
            note: String::new(),
            selected: false,
        }
    }
}

/// Marks the option `current`. A value that is not among the options is kept as one more, so that
/// saving a page never changes a setting that it does not know.
pub(super) fn choose(mut choices: Vec<Choice>, current: &str) -> Vec<Choice> {
    let mut found = false;
    for choice in &mut choices {
        choice.selected = choice.value == current;
        found |= choice.selected;
    }
    if !found {
        let mut kept = Choice::new(current, current);
        kept.selected = true;
        choices.push(kept);
    }
    choices
}

/// Marks each of `current`, as [`choose`] does.
pub(super) fn choose_all(mut choices: Vec<Choice>, current: &[String]) -> Vec<Choice> {
    for choice in &mut choices {
        choice.selected = current.contains(&choice.value);
    }
    for value in current {
        if !choices.iter().any(|choice| choice.value == *value) {
            let mut kept = Choice::new(value, value);
            kept.selected = true;
            choices.push(kept);
        }
    }
    choices
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_the_page_does_not_know_survives() {
        let known = || vec![Choice::new("a", "A"), Choice::new("b", "B")];
        let one = choose(known(), "x");
        assert_eq!(one.len(), 3);
        assert!(one[2].selected && one[2].value == "x");
        assert!(choose(known(), "b")[1].selected);
        let many = choose_all(known(), &["a".into(), "x".into()]);
        let selected: Vec<_> = many
            .iter()
            .filter(|c| c.selected)
            .map(|c| &c.value)
            .collect();
        assert_eq!(selected, ["a", "x"]);
    }
}
