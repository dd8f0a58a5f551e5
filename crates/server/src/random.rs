//! Randomness, as an argument.

use std::cell::RefCell;

use avouch_saml::time::{Random, Timestamp};

/// OpenSSL's generator, seeded by the operating system.
///
/// A sign-on needs a dozen small values, and most of a call's cost is the call, so each thread
/// draws a few hundred bytes at a time. Bytes handed out are wiped and never handed out again.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemRandom;

struct Drawn {
    bytes: [u8; 512],
    left: usize,
}

thread_local! {
    static DRAWN: RefCell<Drawn> = const { RefCell::new(Drawn { bytes: [0; 512], left: 0 }) };
}

impl Random for SystemRandom {
    fn fill(&mut self, bytes: &mut [u8]) {
        DRAWN.with_borrow_mut(|drawn| {
            if bytes.len() > drawn.bytes.len() {
                return draw(bytes);
            }
            if bytes.len() > drawn.left {
                draw(&mut drawn.bytes);
                drawn.left = drawn.bytes.len();
            }
            let from = drawn.left - bytes.len();
            bytes.copy_from_slice(&drawn.bytes[from..drawn.left]);
            drawn.bytes[from..drawn.left].fill(0);
            drawn.left = from;
        });
    }
}

fn draw(bytes: &mut [u8]) {
    // Going on with predictable bytes would be worse than stopping.
    openssl::rand::rand_bytes(bytes).expect("the operating system gives randomness");
}

/// The id of a row that is one of many: a version 7 UUID of `now`. Rows of about the same time have
/// neighbouring ids, so that writing the next touches the page that the last one touched.
pub fn new_id_at(now: Timestamp, random: &mut dyn Random) -> String {
    let mut bytes = [0; 10];
    random.fill(&mut bytes);
    let millis = u64::try_from(now.millis()).unwrap_or_default();
    uuid::Builder::from_unix_timestamp_millis(millis, &bytes)
        .into_uuid()
        .to_string()
}

/// A random row id: a version 4 UUID.
pub fn new_id(random: &mut dyn Random) -> String {
    let mut bytes = [0; 16];
    random.fill(&mut bytes);
    uuid::Builder::from_random_bytes(bytes)
        .into_uuid()
        .to_string()
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use avouch_saml::ids::random_name;

    use super::*;

    #[test]
    fn ids_of_later_instants_come_later() {
        let id = |millis| new_id_at(Timestamp::from_millis(millis), &mut SystemRandom);
        let (first, second) = (id(1_800_000_000_000), id(1_800_000_000_001));
        assert!(
            first < second && first.as_bytes()[14] == b'7',
            "{first} {second}"
        );
        assert_ne!(id(0), id(0));
    }

    /// Proves AV-RSP-01, AV-ALG-12 for the generator in use: a million names, drawn by four threads
    /// at once, are a million different ones.
    #[test]
    fn av_rsp_01_a_million_names_of_four_threads_are_distinct() {
        let draw = || -> Vec<String> {
            (0..250_000)
                .map(|_| random_name(&mut SystemRandom))
                .collect()
        };
        let threads: Vec<_> = (0..4).map(|_| std::thread::spawn(draw)).collect();
        let mut seen = HashSet::with_capacity(1_000_000);
        for thread in threads {
            for name in thread.join().expect("no panic") {
                assert!(seen.insert(name), "a name was drawn twice");
            }
        }
        assert_eq!(seen.len(), 1_000_000);
    }
}
