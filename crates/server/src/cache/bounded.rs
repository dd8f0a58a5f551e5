//! A map that holds what is used and stays within a bound of memory.

use std::borrow::Borrow;
use std::hash::{Hash, RandomState};

use quick_cache::sync::{Cache, DefaultLifecycle};
use quick_cache::{OptionsBuilder, Weighter};

/// Values by key, at most so many octets of them: where one more does not fit, the least used make
/// room (S3-FIFO). A value that is read again and again stays, however many are read once.
pub struct Bounded<K, V> {
    values: Cache<K, Measured<V>, Octets, RandomState>,
}

/// Each has a lock and an eighth of the bound of its own; a lock is held for a look-up.
const SHARDS: usize = 8;

impl<K: Eq + Hash, V: Clone> Bounded<K, V> {
    /// An empty map for at most `most_octets`. `typical_octets` is about what one value takes, right
    /// within a factor of ten. What takes more than an eighth of `most_octets` by itself is not kept.
    pub fn new(most_octets: usize, typical_octets: usize) -> Self {
        let options = OptionsBuilder::new()
            .shards(SHARDS)
            .estimated_items_capacity(most_octets / typical_octets.max(1))
            .weight_capacity(most_octets as u64)
            .build()
            .expect("capacities are given");
        Self {
            values: Cache::with_options(
                options,
                Octets,
                RandomState::new(),
                DefaultLifecycle::default(),
            ),
        }
    }

    /// The value of `key`, when it is kept.
    pub fn find<Q>(&self, key: &Q) -> Option<V>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        self.values.get(key).map(|found| found.value)
    }

    /// Keeps a value that takes about so many octets, in place of an earlier one.
    pub fn keep(&self, key: K, value: V, octets: usize) {
        self.values.insert(key, Measured { octets, value });
    }
}

#[derive(Clone)]
struct Measured<V> {
    octets: usize,
    value: V,
}

#[derive(Clone)]
struct Octets;

impl<K, V> Weighter<K, Measured<V>> for Octets {
    fn weight(&self, _: &K, value: &Measured<V>) -> u64 {
        // What weighs nothing would never make room.
        (value.octets as u64).max(1)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use proptest::prelude::*;

    use super::*;

    const MOST: usize = 8_000;

    /// What happens to a map.
    #[derive(Debug, Clone)]
    enum Step {
        Find(u16),
        Keep(u16, usize),
    }

    fn steps() -> impl Strategy<Value = Vec<Step>> {
        let step = prop_oneof![
            (0..200u16).prop_map(Step::Find),
            (0..200u16, 0..=400usize).prop_map(|(key, octets)| Step::Keep(key, octets)),
        ];
        prop::collection::vec(step, 0..2_000)
    }

    proptest! {
        /// Beside a map that forgets nothing: what is found is what was kept last, and what is kept
        /// stays within the bound.
        #[test]
        fn what_is_found_was_kept_last_and_the_bound_holds(steps in steps()) {
            let bounded = Bounded::new(MOST, 200);
            let mut model = HashMap::new();
            for (at, step) in steps.into_iter().enumerate() {
                match step {
                    Step::Find(key) => {
                        let found: Option<usize> = bounded.find(&key);
                        prop_assert!(found.is_none() || found == model.get(&key).copied());
                    }
                    Step::Keep(key, octets) => {
                        bounded.keep(key, at, octets);
                        model.insert(key, at);
                    }
                }
                prop_assert!(bounded.values.weight() <= MOST as u64);
            }
        }
    }

    #[test]
    fn what_fits_is_all_kept() {
        let bounded = Bounded::new(1_000_000, 100);
        // Shards fill unevenly, so not to the last octet.
        for key in 0..8_000u32 {
            bounded.keep(key, key, 100);
        }
        assert!((0..8_000).all(|key: u32| bounded.find(&key) == Some(key)));
    }

    #[test]
    fn what_is_used_stays_while_others_pass_by() {
        let bounded = Bounded::new(100_000, 100);
        for key in 0..100_000u32 {
            bounded.keep(key, key, 100);
            // Sixteen that every other request asks for, among all that are asked for once.
            let used = key % 16;
            if bounded.find(&used).is_none() {
                assert!(key < 2_000, "{used} was forgotten at {key}");
                bounded.keep(used, used, 100);
            }
        }
        assert!((0..16u32).all(|key| bounded.find(&key).is_some()));
    }

    #[test]
    fn what_takes_too_much_is_not_kept_and_costs_nobody_else_a_place() {
        let bounded = Bounded::new(MOST, 100);
        bounded.keep("small", 1, 100);
        bounded.keep("large", 2, MOST + 1);
        assert_eq!(bounded.find("large"), None);
        assert_eq!(bounded.find("small"), Some(1));
    }
}
