//! Randomness, as an argument.

use avouch_saml::time::Random;

/// OpenSSL's generator, seeded by the operating system.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemRandom;

impl Random for SystemRandom {
    fn fill(&mut self, bytes: &mut [u8]) {
        // Going on with predictable bytes would be worse than stopping.
        openssl::rand::rand_bytes(bytes).expect("the operating system gives randomness");
    }
}

/// A random row id: a version 4 UUID.
pub fn new_id(random: &mut dyn Random) -> String {
    let mut bytes = [0; 16];
    random.fill(&mut bytes);
    uuid::Builder::from_random_bytes(bytes)
        .into_uuid()
        .to_string()
}
