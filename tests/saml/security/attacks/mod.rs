//! Attacks on signatures, made from really signed documents. Each has a twin that is accepted.

mod algorithms;
mod keys;
mod parsing;
mod resources;
mod structure;
mod values;
mod wrapping;
