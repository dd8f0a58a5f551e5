//! Messages on their way through a browser.

mod logout;
mod peers;
mod post;
mod received;
mod redirect;
mod support;
