//! From an HTTP request to a [`Context`] and what the handlers read of it.

use std::future::Future;
use std::ops::Deref;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use actix_web::dev::Payload;
use actix_web::error::ErrorRequestTimeout;
use actix_web::http::{Method, header};
use actix_web::{FromRequest, HttpMessage, HttpRequest, web};

use crate::context::{BrowserToken, Context, hash_token};
use crate::services::Services;
use crate::web::client;
use crate::web::cookies::Cookies;

/// Names a request in the log, and in the header `X-Request-Id` of its answer.
#[derive(Clone)]
pub(crate) struct RequestId(pub(crate) String);

/// The services of this server.
pub(crate) fn services(request: &HttpRequest) -> Arc<Services> {
    let data: &web::Data<Services> = request
        .app_data()
        .expect("every App is built with its services");
    Arc::clone(data)
}

/// The cookies of this server.
pub(crate) fn cookies(services: &Services) -> Cookies {
    Cookies::new(services.settings.server.base_url.is_https())
}

/// The request's context. The clock is read here and nowhere below.
pub(crate) fn context(request: &HttpRequest) -> Context {
    let services = services(request);
    let server = &services.settings.server;
    let cookies = cookies(&services);
    let request_id = request
        .extensions()
        .get::<RequestId>()
        .map_or_else(String::new, |id| id.0.clone());
    let browser = match cookies.browser(request) {
        Some(secret) => BrowserToken::brought(secret),
        None => BrowserToken::fresh(&mut *services.random()),
    };
    Context {
        now: services.clock.now(),
        request_id,
        client: client::address(request, &server.trusted_proxies, server.forwarded_header),
        user_agent: shortened(request, header::USER_AGENT),
        session_hash: cookies.session(request).as_deref().map(hash_token),
        browser,
        cookies_withheld: *request.method() == Method::POST && is_cross_site(request),
        services,
    }
}

fn shortened(request: &HttpRequest, name: header::HeaderName) -> String {
    request
        .headers()
        .get(name)
        .map(|value| String::from_utf8_lossy(value.as_bytes()))
        .unwrap_or_default()
        .chars()
        .filter(|c| !c.is_control())
        .take(300)
        .collect()
}

/// Whether the browser says that another site made it send this request. A browser that says
/// nothing is an old one, and is asked as if it had been another site.
pub(crate) fn is_cross_site(request: &HttpRequest) -> bool {
    !request
        .headers()
        .get("Sec-Fetch-Site")
        .is_some_and(|value| value == "same-origin" || value == "none")
}

/// Whether the browser says that another page of our own site made it send this request.
pub(crate) fn is_same_site(request: &HttpRequest) -> bool {
    let site = request.headers().get("Sec-Fetch-Site");
    site.is_some_and(|value| value == "same-site")
}

/// The site whose page led here, where the browser says so. No site can have it say another one.
pub(crate) fn referring_origin(request: &HttpRequest) -> Option<String> {
    let referrer = request.headers().get("Referer")?.to_str().ok()?;
    let (scheme, rest) = referrer.split_once("://")?;
    let host = rest.split(['/', '?', '#']).next()?;
    Some(format!("{scheme}://{host}").to_ascii_lowercase())
}

/// Whether the browser says that no site made it send this request: it was typed, bookmarked, or
/// opened from another program.
pub(crate) fn is_from_nowhere(request: &HttpRequest) -> bool {
    let site = request.headers().get("Sec-Fetch-Site");
    site.is_some_and(|value| value == "none")
}

/// How long the body of a form may take to arrive: a sender that trickles keeps nothing for good.
const BODY_DEADLINE: Duration = Duration::from_secs(30);

/// The body of a form of anybody's, as large as `server.body_limit_bytes` allows and within
/// [`BODY_DEADLINE`].
pub(crate) struct Body(web::Bytes);

impl Deref for Body {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}

impl FromRequest for Body {
    type Error = actix_web::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Self::Error>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let read = web::Bytes::from_request(request, payload);
        let late = || ErrorRequestTimeout("the body did not arrive in time");
        Box::pin(async move { within(BODY_DEADLINE, read, late).await.map(Self) })
    }
}

/// Waits for a body until `deadline` and answers `late` when it has not come.
pub(crate) async fn within<T, E>(
    deadline: Duration,
    read: impl Future<Output = Result<T, E>>,
    late: impl FnOnce() -> E,
) -> Result<T, E> {
    match actix_web::rt::time::timeout(deadline, read).await {
        Ok(done) => done,
        Err(_) => Err(late()),
    }
}

/// The fields of a form or query, decoded, each name once.
pub(crate) struct Fields(Vec<(String, String)>);

impl Fields {
    /// Reads `name=value&…`. A field that stands twice keeps its first value.
    pub(crate) fn parse(text: &[u8]) -> Self {
        let mut fields: Vec<(String, String)> = Vec::new();
        for (name, value) in form_urlencoded::parse(text).take(64) {
            if !fields.iter().any(|(known, _)| *known == name) {
                fields.push((name.into_owned(), value.into_owned()));
            }
        }
        Self(fields)
    }

    /// Those of a request's query.
    pub(crate) fn of_query(request: &HttpRequest) -> Self {
        Self::parse(request.query_string().as_bytes())
    }

    /// A field's value; empty when it is not there.
    pub(crate) fn get(&self, name: &str) -> &str {
        self.find(name).unwrap_or("")
    }

    /// A field's value, if it is there.
    pub(crate) fn find(&self, name: &str) -> Option<&str> {
        self.0
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.as_str())
    }
}

/// Every field of a form in order, names repeated as they came, at most `limit`.
pub(crate) fn pairs(text: &[u8], limit: usize) -> Vec<(String, String)> {
    form_urlencoded::parse(text)
        .into_owned()
        .take(limit)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use proptest::sample::select;

    #[test]
    fn av_sec_42_a_body_that_never_comes_is_not_waited_for() {
        actix_web::rt::System::new().block_on(async {
            let never = std::future::pending::<Result<(), &str>>();
            let ended = within(Duration::ZERO, never, || "late").await;
            assert_eq!(ended, Err("late"));
            let there = async { Ok(()) };
            assert_eq!(within(Duration::ZERO, there, || "late").await, Ok(()));
        });
    }

    #[test]
    fn fields_are_decoded_once_and_the_first_one_counts() {
        let fields = Fields::parse(b"a=1+2%26&b=%C3%9C&a=3&c&%70=x&d=%zz%");
        assert_eq!(fields.get("a"), "1 2&");
        assert_eq!(fields.get("b"), "Ü");
        assert_eq!(fields.find("c"), Some(""));
        assert_eq!(fields.get("p"), "x");
        assert_eq!(fields.get("d"), "%zz%");
        assert_eq!(fields.find("e"), None);
    }

    /// An escape is two digits: nothing that a reader of numbers would take besides.
    #[test]
    fn a_sign_is_no_digit_of_an_escape() {
        let fields = Fields::parse(b"a=%+f&b=%-1&c=%0f");
        assert_eq!(fields.get("a"), "% f");
        assert_eq!(fields.get("b"), "%-1");
        assert_eq!(fields.get("c"), "\u{f}");
    }

    const PIECES: &[&[u8]] = &[
        b"&",
        b"=",
        b"%",
        b"%4",
        b"%41",
        b"%zz",
        b"+",
        b"a",
        b"\xff",
        b"\xc3\x9c",
        b"\0",
    ];

    proptest! {
        /// Any octets are fields: no more than the bound, each name once, found again by its name.
        #[test]
        fn any_octets_are_fields(
            pieces in proptest::collection::vec(
                select(PIECES),
                0..200,
            )
        ) {
            let octets = pieces.concat();
            let fields = Fields::parse(&octets);
            prop_assert!(fields.0.len() <= 64);
            for (name, value) in &fields.0 {
                prop_assert_eq!(fields.find(name), Some(value.as_str()));
            }
            prop_assert!(pairs(&octets, 10).len() <= 10);
        }

        /// What a browser encodes is read back, whatever was typed.
        #[test]
        fn what_was_typed_comes_back(
            typed in proptest::collection::vec((any::<String>(), any::<String>()), 0..20)
        ) {
            let encode = |text: &str| -> String {
                let escaped = |b: u8| match b {
                    b' ' => "+".to_owned(),
                    b'a'..=b'z' => char::from(b).to_string(),
                    b => format!("%{b:02X}"),
                };
                text.bytes().map(escaped).collect()
            };
            let form: Vec<String> = typed
                .iter()
                .map(|(name, value)| format!("{}={}", encode(name), encode(value)))
                .collect();
            prop_assert_eq!(pairs(form.join("&").as_bytes(), 100), typed);
        }
    }
}
