//! Whom a request was meant for. A page of another site can have its own name point to this
//! machine (DNS rebinding); what it then sends names that site in its Host header.

use actix_web::HttpResponse;
use actix_web::dev::ServiceRequest;
use actix_web::http::StatusCode;
use actix_web::http::header;

use crate::web::extract;

/// The answer to a request that names another host, on a server that trusts everybody who can
/// reach it: one on this machine without TLS, or `avouch dev`. Behind a proxy, or with TLS, the
/// name was checked already.
pub(crate) fn misdirected(request: &ServiceRequest) -> Option<HttpResponse> {
    let services = extract::services(request.request());
    let server = &services.settings.server;
    let base_url = &server.base_url;
    if !server.is_loopback() || base_url.is_https() && !services.developer {
        return None;
    }
    let named = request.headers().get(header::HOST)?;
    let named = named.to_str().unwrap_or("");
    if is_ours(named, base_url.authority()) {
        return None;
    }
    let sentence = format!(
        "This server answers to {}; the request was for another host. Open {base_url} instead.\n",
        base_url.authority()
    );
    let mut answer = HttpResponse::build(StatusCode::MISDIRECTED_REQUEST);
    Some(
        answer
            .content_type("text/plain; charset=utf-8")
            .body(sentence),
    )
}

/// No site but this machine's own is called `localhost`, whatever the port.
fn is_ours(named: &str, authority: &str) -> bool {
    let host = match named.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => host,
        _ => named,
    };
    named.eq_ignore_ascii_case(authority)
        || ["localhost", "127.0.0.1", "[::1]"]
            .iter()
            .any(|own| host.eq_ignore_ascii_case(own))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_our_own_names_are_answered() {
        for (named, ours) in [
            ("idp.example:8080", true),
            ("IDP.example:8080", true),
            ("idp.example", false),
            ("localhost", true),
            ("localhost:9000", true),
            ("127.0.0.1:8080", true),
            ("[::1]:8080", true),
            ("[::1]", true),
            ("evil.example:8080", false),
            ("localhost.evil.example:8080", false),
            ("localhost:8080@evil.example", false),
            ("", false),
        ] {
            assert_eq!(is_ours(named, "idp.example:8080"), ours, "{named}");
        }
    }
}
