//! SAML sign-on.

mod thread;
