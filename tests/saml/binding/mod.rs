//! Messages on their way through a browser.

mod post;
mod received;
mod redirect;
mod support;
