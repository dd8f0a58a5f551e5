//! Passwords: hashed with argon2id, never shown, never more hashes at once than the machine bears.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Condvar, Mutex, PoisonError};

use argon2::{Algorithm, Argon2, Params, PasswordHasher as _, PasswordVerifier as _, Version};

/// A password as typed. It has no `Debug` and no `Display`, so it cannot reach a log or a page.
pub struct Password(String);

impl Password {
    /// The most bytes a password may have: beyond it is an attack, not a passphrase.
    pub const LONGEST_BYTES: usize = 1024;

    /// Takes what was typed.
    pub fn new(typed: impl Into<String>) -> Self {
        Self(typed.into())
    }

    /// How many characters it has, for the rule on new passwords.
    pub fn chars(&self) -> usize {
        self.0.chars().count()
    }
}

/// What a hash costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HashCost {
    /// Memory, in KiB.
    pub memory_kib: u32,
    /// Passes over the memory.
    pub passes: u32,
}

impl Default for HashCost {
    // 30 to 100 ms on the machines Avouch is meant for; `avouch check-config` measures it.
    fn default() -> Self {
        Self {
            memory_kib: 19 * 1024,
            passes: 3,
        }
    }
}

/// Why a password was not judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum HashError {
    /// As many logins as the machine bears are being checked or wait already: try again.
    #[error("too many logins are being checked at this moment")]
    Busy,
    /// The cost parameters are outside what argon2 allows.
    #[error("the password hash cost is outside what argon2id allows")]
    Cost,
    /// The password is longer than [`Password::LONGEST_BYTES`].
    #[error("a password has at most 1024 bytes")]
    TooLong,
    /// The hash could not be made.
    #[error("the password could not be hashed")]
    Failed,
}

/// Hashes and checks passwords. Shared by all requests of a process; call it on a blocking thread.
pub struct PasswordHasher {
    argon2: Argon2<'static>,
    cost: HashCost,
    // What a login for an unknown user is checked against, so that it takes the same time.
    decoy: String,
    gate: Gate,
    computed: AtomicU64,
}

impl PasswordHasher {
    /// A hasher that runs at most `at_once` hashes and lets at most `waiting` more wait.
    ///
    /// # Errors
    /// [`HashError::Cost`] when argon2 refuses the parameters.
    pub fn new(cost: HashCost, at_once: usize, waiting: usize) -> Result<Self, HashError> {
        let params =
            Params::new(cost.memory_kib, cost.passes, 1, None).map_err(|_| HashError::Cost)?;
        let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        let decoy = argon2
            .hash_password(b"no user has this password")
            .map_err(|_| HashError::Failed)?
            .to_string();
        Ok(Self {
            argon2,
            cost,
            decoy,
            gate: Gate::new(at_once.max(1), waiting),
            computed: AtomicU64::new(0),
        })
    }

    /// How many hashes were computed: what logins cost.
    pub fn computed(&self) -> u64 {
        self.computed.load(Ordering::Relaxed)
    }

    /// The cost of new hashes.
    pub fn cost(&self) -> HashCost {
        self.cost
    }

    /// A hash of `password` with a fresh salt, in PHC string form.
    ///
    /// # Errors
    /// [`HashError`].
    pub fn hash(&self, password: &Password) -> Result<String, HashError> {
        if password.0.len() > Password::LONGEST_BYTES {
            return Err(HashError::TooLong);
        }
        let _turn = self.gate.enter()?;
        self.computed.fetch_add(1, Ordering::Relaxed);
        let hash = self
            .argon2
            .hash_password(password.0.as_bytes())
            .map_err(|_| HashError::Failed)?;
        Ok(hash.to_string())
    }

    /// Whether `password` is the one behind `stored`. Without `stored`, because there is no such
    /// user or none with a password, the same work is done and the answer is no.
    ///
    /// # Errors
    /// [`HashError::Busy`]; the caller says so and counts no failed attempt.
    pub fn verify(&self, password: &Password, stored: Option<&str>) -> Result<bool, HashError> {
        let _turn = self.gate.enter()?;
        self.computed.fetch_add(1, Ordering::Relaxed);
        // An overlong password is judged like any wrong one, on a bounded part of it.
        let mut end = password.0.len().min(Password::LONGEST_BYTES);
        while !password.0.is_char_boundary(end) {
            end -= 1;
        }
        let matches = self
            .argon2
            .verify_password(&password.0.as_bytes()[..end], stored.unwrap_or(&self.decoy))
            .is_ok();
        Ok(matches && stored.is_some() && end == password.0.len())
    }

    /// Whether `stored` was made with another cost and should be made anew at the next login.
    pub fn is_outdated(&self, stored: &str) -> bool {
        let wanted = format!("m={},t={},p=1", self.cost.memory_kib, self.cost.passes);
        !stored.starts_with("$argon2id$v=19$") || stored.split('$').nth(3) != Some(wanted.as_str())
    }
}

/// Lets a bounded number through and a bounded number wait.
struct Gate {
    state: Mutex<GateState>,
    freed: Condvar,
    at_once: usize,
    waiting: usize,
}

#[derive(Default)]
struct GateState {
    running: usize,
    waiting: usize,
}

struct Turn<'a>(&'a Gate);

impl Gate {
    fn new(at_once: usize, waiting: usize) -> Self {
        Self {
            state: Mutex::new(GateState::default()),
            freed: Condvar::new(),
            at_once,
            waiting,
        }
    }

    fn enter(&self) -> Result<Turn<'_>, HashError> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.running >= self.at_once {
            if state.waiting >= self.waiting {
                return Err(HashError::Busy);
            }
            state.waiting += 1;
            while state.running >= self.at_once {
                state = self
                    .freed
                    .wait(state)
                    .unwrap_or_else(PoisonError::into_inner);
            }
            state.waiting -= 1;
        }
        state.running += 1;
        Ok(Turn(self))
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        let mut state = self.0.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.running -= 1;
        self.0.freed.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHEAP: HashCost = HashCost {
        memory_kib: 64,
        passes: 1,
    };

    #[test]
    fn only_the_right_password_of_a_known_user_matches() {
        let hasher = PasswordHasher::new(CHEAP, 2, 2).expect("cost");
        let stored = hasher.hash(&Password::new("right")).expect("hash");
        assert_eq!(
            hasher.verify(&Password::new("right"), Some(&stored)),
            Ok(true)
        );
        assert_eq!(
            hasher.verify(&Password::new("wrong"), Some(&stored)),
            Ok(false)
        );
        assert_eq!(hasher.verify(&Password::new("right"), None), Ok(false));
        assert_eq!(
            hasher.verify(&Password::new("no user has this password"), None),
            Ok(false)
        );
        assert_ne!(stored, hasher.hash(&Password::new("right")).expect("hash"));
    }

    #[test]
    fn overlong_passwords_cost_no_more_and_never_match() {
        let hasher = PasswordHasher::new(CHEAP, 2, 2).expect("cost");
        let longest = "é".repeat(Password::LONGEST_BYTES / 2);
        let stored = hasher.hash(&Password::new(longest.clone())).expect("hash");
        assert_eq!(
            hasher.verify(&Password::new(longest.clone()), Some(&stored)),
            Ok(true)
        );
        assert_eq!(
            hasher.verify(&Password::new(longest + "x"), Some(&stored)),
            Ok(false)
        );
        assert_eq!(
            hasher.hash(&Password::new("x".repeat(1025))),
            Err(HashError::TooLong)
        );
    }

    #[test]
    fn a_changed_cost_makes_a_hash_outdated() {
        let hasher = PasswordHasher::new(CHEAP, 1, 1).expect("cost");
        let stored = hasher.hash(&Password::new("x")).expect("hash");
        assert!(!hasher.is_outdated(&stored));
        let dearer = PasswordHasher::new(
            HashCost {
                memory_kib: 128,
                passes: 1,
            },
            1,
            1,
        )
        .expect("cost");
        assert!(dearer.is_outdated(&stored));
        assert_eq!(dearer.verify(&Password::new("x"), Some(&stored)), Ok(true));
    }

    #[test]
    fn the_queue_is_bounded() {
        let gate = Gate::new(1, 0);
        let Ok(turn) = gate.enter() else {
            panic!("nothing else runs");
        };
        assert_eq!(gate.enter().err(), Some(HashError::Busy));
        drop(turn);
        assert!(gate.enter().is_ok());
    }
}
