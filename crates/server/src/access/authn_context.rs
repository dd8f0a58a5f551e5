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
pub struct StrengthOrder {
    weakest_first: Vec<String>,
    /// What satisfies a class, for apps that go by a map.
    pub map: ContextMap,
}

impl StrengthOrder {
    /// An order, weakest class first.
    pub fn new(weakest_first: impl IntoIterator<Item = String>) -> Self {
        Self {
            weakest_first: weakest_first.into_iter().collect(),
            map: ContextMap::default(),
        }
    }

    /// The same order with what satisfies a class.
    #[must_use]
    pub fn with_map(self, map: ContextMap) -> Self {
        Self { map, ..self }
    }

    fn strength(&self, class: &str) -> Option<usize> {
        self.weakest_first.iter().position(|known| known == class)
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
/// The statement is always true: it is the class achieved, `unspecified` when the SP asked for exactly
/// that, or `Password` when it was one over a connection that nobody else can read. Declaration
/// references match nothing, since none are configured.
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
                .find(|class| {
                    *class == achieved
                        || *class == UNSPECIFIED
                        || (*class == PASSWORD && achieved == PASSWORD_PROTECTED_TRANSPORT)
                })
                .cloned();
        }
    };
    met.then(|| achieved.to_owned())
}

/// What satisfies each class that may be asked for, by decision of an administrator: the class asked for
/// and those of ours.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ContextMap(Vec<(String, Vec<String>)>);

impl ContextMap {
    /// The map of these lines, each the class asked for with those that satisfy it.
    pub fn new<'l>(lines: impl IntoIterator<Item = (&'l str, Vec<&'l str>)>) -> Self {
        let owned = |(asked, classes): (&str, Vec<&str>)| {
            (
                asked.to_owned(),
                classes.into_iter().map(str::to_owned).collect(),
            )
        };
        Self(lines.into_iter().map(owned).collect())
    }

    /// The first class asked for that `achieved` satisfies, however the request compares.
    pub fn satisfied(&self, requested: &RequestedContexts, achieved: &str) -> Option<String> {
        let satisfies = |asked: &String| {
            let mut lines = self.0.iter().filter(|(known, _)| known == asked);
            lines.any(|(_, classes)| classes.iter().any(|class| class == achieved))
        };
        requested
            .classes
            .iter()
            .find(|asked| satisfies(asked))
            .cloned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn field_49_exactly_a_password_is_met_by_one_over_tls() {
        let order = StrengthOrder::default();
        let asked = asks("exact", &[PASSWORD]);
        let stated = |achieved| statement(Some(&asked), achieved, &order);
        assert_eq!(
            stated(PASSWORD_PROTECTED_TRANSPORT).as_deref(),
            Some(PASSWORD)
        );
        assert_eq!(stated(PASSWORD).as_deref(), Some(PASSWORD));
        // The other way round it would be untrue.
        let asked = asks("exact", &[PASSWORD_PROTECTED_TRANSPORT]);
        assert_eq!(statement(Some(&asked), PASSWORD, &order), None);
    }

    #[test]
    fn a_map_says_what_satisfies_a_class() {
        let map = ContextMap::new([
            ("https://refeds.org/profile/mfa", vec!["urn:otp", "urn:key"]),
            (
                "http://eidas.europa.eu/LoA/low",
                vec![PASSWORD_PROTECTED_TRANSPORT],
            ),
        ]);
        let asked = asks(
            "minimum",
            &[
                "https://refeds.org/profile/mfa",
                "http://eidas.europa.eu/LoA/low",
            ],
        );
        let stated = |achieved| map.satisfied(&asked, achieved);
        assert_eq!(
            stated("urn:key").as_deref(),
            Some("https://refeds.org/profile/mfa")
        );
        assert_eq!(
            stated(PASSWORD_PROTECTED_TRANSPORT).as_deref(),
            Some("http://eidas.europa.eu/LoA/low")
        );
        assert_eq!(stated(PASSWORD), None);
        assert_eq!(ContextMap::default().satisfied(&asked, "urn:key"), None);
    }

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
