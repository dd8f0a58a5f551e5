//! Messages on their way through a browser.

mod peers;
mod post;
mod received;
mod redirect;
mod support;
