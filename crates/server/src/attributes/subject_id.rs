//! The subject identifier attributes.
//!
//! Spec: SAML V2.0 Subject Identifier Attributes Profile 1.0.

use super::pairwise::{self, PairwiseSalt};
use crate::users::UserId;

/// The general identifier of `user`, or `None` without a valid scope. It is made from the row
/// identifier, the only name of a user that is never given to another.
pub fn subject_id(user: &UserId, scope: Option<&str>) -> Option<String> {
    scoped(user.as_str(), scope)
}

/// The identifier of `user` for the SP `sp`, or `None` without a valid scope.
pub fn pairwise_id(
    salt: &PairwiseSalt,
    sp: &str,
    user: &UserId,
    scope: Option<&str>,
) -> Option<String> {
    scoped(&pairwise::identifier(salt, "pairwise-id", sp, user), scope)
}

fn scoped(unique: &str, scope: Option<&str>) -> Option<String> {
    let value = format!("{unique}@{}", scope?);
    is_subject_identifier(&value).then_some(value)
}

/// Whether `value` has the form both attributes share (section 3.3 and 3.4 of the profile).
pub fn is_subject_identifier(value: &str) -> bool {
    let part = |text: &str, also: &str| {
        (1..=127).contains(&text.len())
            && text.as_bytes()[0].is_ascii_alphanumeric()
            && text
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || also.contains(c))
    };
    value
        .split_once('@')
        .is_some_and(|(unique, scope)| part(unique, "=-") && part(scope, "-."))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Proves AV-SID-03.
    #[test]
    fn av_sid_03_only_the_profiles_syntax_is_issued() {
        for (value, good) in [
            ("a@b", true),
            ("a=1-2@example.org", true),
            ("-a@b", false),
            ("=a@b", false),
            ("a_b@c", false),
            ("a.b@c", false),
            ("a@.b", false),
            ("a@b_c", false),
            ("a@", false),
            ("@b", false),
            ("ab", false),
            ("a@b@c", false),
            ("ü@b", false),
        ] {
            assert_eq!(is_subject_identifier(value), good, "{value}");
        }
        let long = "a".repeat(127);
        assert!(is_subject_identifier(&format!("{long}@{long}")));
        assert!(!is_subject_identifier(&format!("{long}a@{long}")));
        assert!(!is_subject_identifier(&format!("{long}@{long}a")));
        let user = UserId::new("not valid");
        assert_eq!(subject_id(&user, Some("example.org")), None);
        assert_eq!(subject_id(&UserId::new("0f-1"), None), None);
        assert_eq!(
            subject_id(&UserId::new("0f-1"), Some("example.org")).as_deref(),
            Some("0f-1@example.org")
        );
    }

    proptest! {
        /// Proves AV-SID-03 for the generator.
        #[test]
        fn av_sid_03_generated_identifiers_are_valid(user in "\\PC{1,64}", sp in "\\PC{1,64}") {
            let salt = PairwiseSalt::new(&[3; 32]);
            let id = pairwise_id(&salt, &sp, &UserId::new(user), Some("example.org"));
            prop_assert!(is_subject_identifier(&id.expect("a scope was given")));
        }
    }
}
