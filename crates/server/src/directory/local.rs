//! Users whose passwords this database holds. A login is three moves: [`read`] in a transaction,
//! [`Candidate::check`] in none, since a hash takes its time, and [`record`] in the transaction of
//! the login's event.

use std::net::IpAddr;

use avouch_saml::time::Timestamp;

use super::password::{HashError, Password, PasswordHasher, Queue};
use super::throttle::{Scope, ThrottleRules, account_key, address_key, site_key};
use crate::store::throttle::Failures;
use crate::store::{self, Conflict, Connection, StoreError};
use crate::users::User;

/// What is known about a login before the password is looked at.
pub struct Candidate {
    user: Option<User>,
    stored: Option<String>,
    decoy: Option<String>,
    known_browser: bool,
    account: (String, Option<Failures>),
    /// The address and, for IPv6, its site.
    networks: Vec<(Scope, String, Option<Failures>)>,
}

/// What a password showed.
pub enum Proof {
    /// It is this user's. A hash made with an outdated cost comes with its successor.
    Right {
        /// The user; perhaps not active.
        user: Box<User>,
        /// The hash to store from now on.
        rehashed: Option<String>,
    },
    /// It is not, or there is no such user: nobody outside is told which.
    Wrong,
}

/// Reads what a login needs. `known_browser` names the browser when it proved that it signed in
/// to this account before.
///
/// # Errors
/// As any statement.
pub fn read(
    c: &mut Connection,
    username: &str,
    known_browser: Option<&str>,
    address: IpAddr,
) -> Result<Candidate, StoreError> {
    let account = account_key(username, known_browser);
    let site = site_key(address).map(|site| (Scope::Site, site));
    let networks = std::iter::once((Scope::Address, address_key(address))).chain(site);
    let found = store::users::for_login(c, username)?;
    Ok(Candidate {
        user: found.user,
        stored: found.hash,
        decoy: found.decoy,
        known_browser: known_browser.is_some(),
        account: (account.clone(), store::throttle::get(c, &account)?),
        networks: networks
            .map(|(scope, key)| {
                let counted = store::throttle::get(c, &key)?;
                Ok((scope, key, counted))
            })
            .collect::<Result<_, StoreError>>()?,
    })
}

impl Candidate {
    /// How many seconds the attempt must wait. While it must, no password is looked at, so that
    /// waiting attempts tell nothing; the answer is the same whether or not the user exists. A browser
    /// known to the account does not wait for what others do at its address.
    pub fn wait_seconds(&self, rules: &ThrottleRules, now: Timestamp) -> Option<i64> {
        let account = rules.wait_seconds(self.account.1.as_ref(), now);
        if self.known_browser {
            return account;
        }
        let networks = self.networks.iter();
        let waits = networks.map(|(.., counted)| rules.wait_seconds(counted.as_ref(), now));
        waits.fold(account, Option::max)
    }

    /// The user tried, if there is one. For the event log, never for the page.
    pub fn user(&self) -> Option<&User> {
        self.user.as_ref()
    }

    /// Looks at the password, in the same time whether or not the user exists.
    ///
    /// # Errors
    /// [`HashError::Busy`]: nothing is counted, the user is asked to try again.
    pub fn check(&self, hasher: &PasswordHasher, password: &Password) -> Result<Proof, HashError> {
        // A hash takes what its own cost says, so the decoy is one of those that are stored.
        let hash = self.stored.as_deref().or(self.decoy.as_deref());
        let queue = if self.known_browser {
            Queue::Known
        } else {
            Queue::Strangers
        };
        let matches = hasher.verify(password, hash, queue)? && self.stored.is_some();
        match (&self.user, matches) {
            (Some(user), true) => {
                let outdated = self
                    .stored
                    .as_deref()
                    .is_some_and(|s| hasher.is_outdated(s));
                Ok(Proof::Right {
                    user: Box::new(user.clone()),
                    rehashed: if outdated {
                        hasher.hash(password).ok()
                    } else {
                        None
                    },
                })
            }
            _ => Ok(Proof::Wrong),
        }
    }
}

/// Counts a wrong password, or forgets the account's count after a right one. The address's count
/// stays: one right password must not pay for guessing at others.
///
/// # Errors
/// As any statement; [`StoreError::Conflict`] when the password that was right was changed while
/// its hash was computed: it opens nothing any more.
pub fn record(
    c: &mut Connection,
    candidate: &Candidate,
    proof: &Proof,
    rules: &ThrottleRules,
    now: Timestamp,
) -> Result<(), StoreError> {
    match proof {
        Proof::Right { user, rehashed } => {
            let verified = candidate.stored.as_deref().unwrap_or_default();
            let successor = rehashed.as_deref();
            if !store::users::confirm_password(c, &user.id, verified, successor, now)? {
                let what = format!("the password of {}", user.username);
                return Err(StoreError::Conflict(Conflict::Gone(what)));
            }
            store::throttle::clear(c, &candidate.account.0)?;
        }
        Proof::Wrong => {
            // Read again: another attempt may have been counted while the hash was computed.
            let account = std::iter::once((&candidate.account.0, Scope::Account));
            let networks = candidate
                .networks
                .iter()
                .map(|(scope, key, _)| (key, *scope));
            for (key, scope) in account.chain(networks) {
                store::throttle::lock(c, key)?;
                let before = store::throttle::get(c, key)?;
                store::throttle::put(c, key, &rules.after_failure(scope, before.as_ref(), now))?;
            }
        }
    }
    Ok(())
}
