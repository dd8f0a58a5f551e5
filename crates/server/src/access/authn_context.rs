//! How strongly a user proved who they are, and whether that is what an SP asked for.

use crate::sessions::RequestedContexts;

/// A password over a connection nobody else can read.
pub const PASSWORD_PROTECTED_TRANSPORT: &str =
    "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport";
/// A password over a connection that others could read.
pub const PASSWORD: &str = "urn:oasis:names:tc:SAML:2.0:ac:classes:Password";
/// By means not stated: true of every login.
pub const UNSPECIFIED: &str = "urn:oasis:names:tc:SAML:2.0:ac:classes:unspecified";

/// The organisation's order of authentication context classes, weakest first. A class that is
/// not listed has no strength: it matches only itself.
#[derive(Debug, Clone)]
pub struct StrengthOrder(Vec<String>);

impl StrengthOrder {
    /// An order, weakest class first.
    pub fn new(weakest_first: impl IntoIterator<Item = String>) -> Self {
        Self(weakest_first.into_iter().collect())
    }

    fn strength(&self, class: &str) -> Option<usize> {
        self.0.iter().position(|known| known == class)
    }
}

impl Default for StrengthOrder {
    fn default() -> Self {
        Self::new([UNSPECIFIED, PASSWORD, PASSWORD_PROTECTED_TRANSPORT].map(str::to_owned))
    }
}

/// The class to state for a login that achieved `achieved`, or `None` when that is not what
/// was asked.
///
/// The statement is always true: it is the class achieved, or `unspecified` when the SP asked for
/// exactly that. Declaration references match nothing, since none are configured.
///
/// Spec: saml-core-2.0 §3.3.2.2.1. "Stronger than any one of" is read as stronger than all.
pub fn statement(
    requested: Option<&RequestedContexts>,
    achieved: &str,
    order: &StrengthOrder,
) -> Option<String> {
    let Some(requested) = requested else {
        return Some(achieved.to_owned());
    };
    let strength = order.strength(achieved);
    let asked = || requested.classes.iter().map(|class| order.strength(class));
    let met = match requested.comparison.as_str() {
        "minimum" => asked().any(|a| a.is_some() && strength >= a),
        "maximum" => asked().any(|a| strength.is_some() && a >= strength),
        "better" => !requested.classes.is_empty() && asked().all(|a| a.is_some() && strength > a),
        // The list is ordered by preference, and what happened is one class: the first match.
        _ => {
            return requested
                .classes
                .iter()
                .find(|class| *class == achieved || *class == UNSPECIFIED)
                .cloned();
        }
    };
    met.then(|| achieved.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asks(comparison: &str, classes: &[&str]) -> RequestedContexts {
        RequestedContexts {
            comparison: comparison.to_owned(),
            classes: classes.iter().map(|c| (*c).to_owned()).collect(),
            declarations: Vec::new(),
        }
    }

    /// Proves AV-REQ-23, AV-ST-05: three methods, four comparisons, two orders.
    #[test]
    fn av_req_23_comparisons_follow_the_configured_order() {
        let (a, b, c) = ("urn:a", "urn:b", "urn:c");
        let methods = [a, b, c];
        for order in [[a, b, c], [c, b, a]] {
            let strengths = StrengthOrder::new(order.map(str::to_owned));
            let rank = |m: &str| order.iter().position(|o| *o == m);
            for achieved in methods {
                for asked in methods {
                    for (comparison, want) in [
                        ("exact", achieved == asked),
                        ("minimum", rank(achieved) >= rank(asked)),
                        ("maximum", rank(achieved) <= rank(asked)),
                        ("better", rank(achieved) > rank(asked)),
                    ] {
                        assert_eq!(
                            statement(Some(&asks(comparison, &[asked])), achieved, &strengths)
                                .as_deref(),
                            want.then_some(achieved),
                            "{comparison} {asked} by {achieved} in {order:?}"
                        );
                    }
                }
            }
            let best = order[2];
            assert_eq!(
                statement(Some(&asks("better", &[best])), best, &strengths),
                None
            );
            let all = asks("exact", &[a, b]);
            assert_eq!(statement(Some(&all), b, &strengths).as_deref(), Some(b));
            assert_eq!(statement(Some(&all), c, &strengths), None);
        }
    }

    /// Proves IIP-IDP08 for classes and declarations nobody configured.
    #[test]
    fn what_is_not_known_is_never_claimed() {
        let order = StrengthOrder::default();
        let got = |comparison: &str, classes: &[&str]| {
            statement(Some(&asks(comparison, classes)), PASSWORD, &order)
        };
        for comparison in ["exact", "minimum", "maximum", "better"] {
            assert_eq!(got(comparison, &["urn:unknown"]), None, "{comparison}");
            assert_eq!(got(comparison, &[]), None, "{comparison}");
        }
        assert_eq!(
            got("minimum", &["urn:unknown", PASSWORD]).as_deref(),
            Some(PASSWORD)
        );
        assert_eq!(got("exact", &[UNSPECIFIED]).as_deref(), Some(UNSPECIFIED));
        assert_eq!(got("maximum", &[PASSWORD]).as_deref(), Some(PASSWORD));
        assert_eq!(got("maximum", &[UNSPECIFIED]), None);
        assert_eq!(statement(None, PASSWORD, &order).as_deref(), Some(PASSWORD));
    }
}
