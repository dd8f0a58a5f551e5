//! Randomness, as an argument.

use std::cell::RefCell;

use avouch_saml::time::Random;

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

/// A random row id: a version 4 UUID.
pub fn new_id(random: &mut dyn Random) -> String {
    let mut bytes = [0; 16];
    random.fill(&mut bytes);
    uuid::Builder::from_random_bytes(bytes)
        .into_uuid()
        .to_string()
}
