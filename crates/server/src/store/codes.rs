//! Reference codes: an event's number in the log, in letters that a person can read out and that
//! nobody can guess the next of.
//!
//! A code is a keyed permutation of the number, so nothing of it is stored, no index has to find it
//! and no two events can have the same one. The number is the database's own and known once the
//! event is written; whoever shows a code has written its event before. To hand numbers out
//! beforehand, in blocks to each node, would let codes be known earlier, and would cost the log its
//! order: nodes work through their blocks at different speeds.
//!
//! The permutation is a Feistel network of [`ROUNDS`] rounds over the two halves of the 40 bits that
//! eight letters hold, with SHA-256 of key, round and half as its function. The key is of the
//! database, made of random octets by the first migration. It keeps codes from being guessed and
//! protects nothing else: who may read the log needs no code.

use diesel::prelude::*;
use openssl::sha::Sha256;

use super::schema::installation;
use super::{Connection, StoreError};

/// Letters and digits that cannot be taken for each other.
const ALPHABET: &[u8; 32] = b"23456789ABCDEFGHJKLMNPQRSTUVWXYZ";
const LETTERS: usize = 8;
const HALF_BITS: u32 = 20;
const HALF: u64 = (1 << HALF_BITS) - 1;
/// Four already make a permutation that nobody tells from a random one by seeing few codes.
const ROUNDS: u8 = 8;

/// The permutation of one database.
pub(super) struct Codes {
    key: Vec<u8>,
}

impl Codes {
    /// Reads the key.
    ///
    /// # Errors
    /// As any statement.
    pub(super) fn read(c: &mut Connection) -> Result<Self, StoreError> {
        Ok(Self {
            key: installation::table
                .select(installation::code_key)
                .first(c)?,
        })
    }

    /// The code of the event with this number, such as `7F3K-Q2MD`.
    pub(super) fn of(&self, seq: i64) -> String {
        let number = seq.unsigned_abs();
        let (mut left, mut right) = (number >> HALF_BITS & HALF, number & HALF);
        for round in 0..ROUNDS {
            (left, right) = (right, left ^ self.mixed(round, right));
        }
        let mixed = left << HALF_BITS | right;
        let mut code = String::with_capacity(LETTERS + 1);
        for at in 0..LETTERS {
            if at == LETTERS / 2 {
                code.push('-');
            }
            let letter = mixed >> (5 * (LETTERS - 1 - at)) & 31;
            code.push(char::from(ALPHABET[letter as usize]));
        }
        code
    }

    /// The number of the event that has this code; `None` for what is no code. Letter case, spaces
    /// and a missing hyphen are forgiven, since codes are read out over the telephone.
    pub(super) fn seq(&self, code: &str) -> Option<i64> {
        let mut mixed = 0;
        let mut letters = 0;
        for letter in code.bytes().filter(u8::is_ascii_alphanumeric) {
            let letter = letter.to_ascii_uppercase();
            let value = ALPHABET.iter().position(|known| *known == letter)?;
            letters += 1;
            if letters > LETTERS {
                return None;
            }
            mixed = mixed << 5 | value as u64;
        }
        if letters != LETTERS {
            return None;
        }
        let (mut left, mut right) = (mixed >> HALF_BITS & HALF, mixed & HALF);
        for round in (0..ROUNDS).rev() {
            (left, right) = (right ^ self.mixed(round, left), left);
        }
        i64::try_from(left << HALF_BITS | right).ok()
    }

    fn mixed(&self, round: u8, half: u64) -> u64 {
        let mut hash = Sha256::new();
        hash.update(&self.key);
        hash.update(&[round]);
        hash.update(&half.to_be_bytes());
        let [a, b, c, ..] = hash.finish();
        u64::from(u32::from_be_bytes([0, a, b, c])) & HALF
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    fn codes(octet: u8) -> Codes {
        Codes {
            key: vec![octet; 32],
        }
    }

    const LAST: i64 = (1 << (2 * HALF_BITS)) - 1;

    #[test]
    fn a_code_gives_back_its_number_however_it_is_typed() {
        let codes = codes(7);
        let mut seen = HashSet::new();
        for seq in (1..5_000).chain((0..40).map(|bit| 1 << bit)).chain([LAST]) {
            let code = codes.of(seq);
            seen.insert(code.clone());
            let (front, back) = code.split_once('-').expect("two halves");
            for typed in [
                code.clone(),
                code.to_lowercase(),
                format!(" {front}{back} "),
                format!("{front} {back}"),
            ] {
                assert_eq!(codes.seq(&typed), Some(seq), "{typed}");
            }
        }
        // Of the powers of two, thirteen were counted before.
        assert_eq!(seen.len(), 4_999 + 40 - 13 + 1);
    }

    #[test]
    fn what_is_no_code_has_no_number() {
        let codes = codes(7);
        for typed in [
            "",
            "7F3K",
            "7F3K-Q2MDA",
            "7F3K-Q2M1",
            "7F3K-Q2MO",
            "7F3K-Q2Mü",
        ] {
            assert_eq!(codes.seq(typed), None, "{typed}");
        }
        assert!(codes.seq("7F3K-Q2MD").is_some());
    }

    /// Neighbours share no more letters than chance has it, and another database's codes are others.
    #[test]
    fn nobody_guesses_the_next_code() {
        let (one, other) = (codes(7), codes(8));
        let alike = |a: &str, b: &str| a.bytes().zip(b.bytes()).filter(|(a, b)| a == b).count() - 1;
        let (mut neighbours, mut databases) = (0, 0);
        for seq in 1..=4_000 {
            neighbours += alike(&one.of(seq), &one.of(seq + 1));
            databases += alike(&one.of(seq), &other.of(seq));
        }
        // 8 letters of 32: a thousand of 32,000 are the same by chance.
        assert!((800..1_200).contains(&neighbours), "{neighbours}");
        assert!((800..1_200).contains(&databases), "{databases}");
    }
}
