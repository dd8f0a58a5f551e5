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
        let _turn = self.gate.enter(Queue::Known)?;
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
    pub fn verify(
        &self,
        password: &Password,
        stored: Option<&str>,
        from: Queue,
    ) -> Result<bool, HashError> {
        let _turn = self.gate.enter(from)?;
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

/// Who waits for a hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Queue {
    /// Browsers that proved that they signed in to the account before, and administrators: they go
    /// first, and strangers cannot fill the queue before them.
    Known,
    /// Anybody.
    Strangers,
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
    known: usize,
    strangers: usize,
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

    fn enter(&self, from: Queue) -> Result<Turn<'_>, HashError> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let must_wait = |state: &GateState| {
            state.running >= self.at_once || (from == Queue::Strangers && state.known > 0)
        };
        if must_wait(&state) {
            let of_strangers = from == Queue::Strangers && state.strangers >= self.for_strangers();
            if of_strangers || state.known + state.strangers >= self.waiting {
                return Err(HashError::Busy);
            }
            *state.waiting(from) += 1;
            while must_wait(&state) {
                state = self
                    .freed
                    .wait(state)
                    .unwrap_or_else(PoisonError::into_inner);
            }
            *state.waiting(from) -= 1;
        }
        state.running += 1;
        Ok(Turn(self))
    }
}

impl Gate {
    /// So many places of the queue strangers may have; the others are kept for who is known.
    fn for_strangers(&self) -> usize {
        self.waiting.div_ceil(2)
    }
}

impl GateState {
    fn waiting(&mut self, from: Queue) -> &mut usize {
        match from {
            Queue::Known => &mut self.known,
            Queue::Strangers => &mut self.strangers,
        }
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        let mut state = self.0.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.running -= 1;
        // Who goes first, of those who wake, is decided by their queues.
        self.0.freed.notify_all();
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
            hasher.verify(&Password::new("right"), Some(&stored), Queue::Known),
            Ok(true)
        );
        assert_eq!(
            hasher.verify(&Password::new("wrong"), Some(&stored), Queue::Known),
            Ok(false)
        );
        assert_eq!(
            hasher.verify(&Password::new("right"), None, Queue::Known),
            Ok(false)
        );
        assert_eq!(
            hasher.verify(
                &Password::new("no user has this password"),
                None,
                Queue::Known
            ),
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
            hasher.verify(&Password::new(longest.clone()), Some(&stored), Queue::Known),
            Ok(true)
        );
        assert_eq!(
            hasher.verify(&Password::new(longest + "x"), Some(&stored), Queue::Known),
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
        assert_eq!(
            dearer.verify(&Password::new("x"), Some(&stored), Queue::Known),
            Ok(true)
        );
    }

    #[test]
    fn the_queue_is_bounded() {
        let gate = Gate::new(1, 0);
        let Ok(turn) = gate.enter(Queue::Known) else {
            panic!("nothing else runs");
        };
        assert_eq!(gate.enter(Queue::Known).err(), Some(HashError::Busy));
        drop(turn);
        assert!(gate.enter(Queue::Known).is_ok());
    }

    /// Proves the rule behind AV-SEC-65's gate: strangers never take the last places, and who is known
    /// goes first.
    #[test]
    fn hardening_05_strangers_cannot_fill_the_queue() {
        let gate = Gate::new(1, 4);
        let order = Mutex::new(Vec::new());
        let queued = |known, strangers| loop {
            let state = gate.state.lock().expect("no panic inside");
            if (state.known, state.strangers) == (known, strangers) {
                break;
            }
            drop(state);
            std::thread::yield_now();
        };
        std::thread::scope(|scope| {
            let turn = gate.enter(Queue::Known).expect("nobody is there");
            let wait = |from| {
                scope.spawn({
                    let (gate, order) = (&gate, &order);
                    move || {
                        let turn = gate.enter(from).expect("a place");
                        order.lock().expect("no panic inside").push(from);
                        drop(turn);
                    }
                });
            };
            wait(Queue::Strangers);
            queued(0, 1);
            wait(Queue::Strangers);
            queued(0, 2);
            assert_eq!(gate.enter(Queue::Strangers).err(), Some(HashError::Busy));
            wait(Queue::Known);
            queued(1, 2);
            wait(Queue::Known);
            queued(2, 2);
            assert_eq!(gate.enter(Queue::Known).err(), Some(HashError::Busy));
            drop(turn);
        });
        use Queue::{Known, Strangers};
        let order = order.into_inner().expect("no panic inside");
        assert_eq!(order, [Known, Known, Strangers, Strangers]);
    }
}
