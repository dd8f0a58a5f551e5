//! A browser in miniature: HTTP/1.1 over a socket, cookies, no redirects followed unasked.

use std::cell::RefCell;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// A browser with its own cookies.
pub(crate) struct Client {
    address: SocketAddr,
    cookies: RefCell<Vec<(String, String)>>,
}

/// An answer.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

/// Where a request comes from, as a browser says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum From {
    /// Typed, bookmarked, or a page of the server's own: Lax cookies go along.
    Here,
    /// Another site, by a link: Lax cookies go along.
    Link,
    /// Another site, by a form: Lax cookies stay.
    Elsewhere,
}

impl Client {
    pub(crate) fn new(address: SocketAddr) -> Self {
        Self {
            address,
            cookies: RefCell::default(),
        }
    }

    /// The same browser, sent to another node by whatever spreads the load.
    pub(crate) fn moved_to(&self, address: SocketAddr) -> Self {
        Self {
            address,
            cookies: self.cookies.clone(),
        }
    }

    /// The same browser at the server that another one talks to.
    pub(crate) fn beside(&self, other: &Self) -> Self {
        self.moved_to(other.address)
    }

    pub(crate) fn get(&self, path: &str) -> Answer {
        self.send("GET", path, None, From::Here, &[])
    }

    pub(crate) fn get_from(&self, from: From, path: &str) -> Answer {
        self.send("GET", path, None, from, &[])
    }

    pub(crate) fn get_with(&self, path: &str, headers: &[(&str, &str)]) -> Answer {
        self.send("GET", path, None, From::Here, headers)
    }

    pub(crate) fn post(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        self.post_from(From::Here, path, fields)
    }

    pub(crate) fn post_from(&self, from: From, path: &str, fields: &[(&str, &str)]) -> Answer {
        self.send("POST", path, Some(form(fields).as_bytes()), from, &[])
    }

    /// Follows redirects within the server.
    pub(crate) fn follow(&self, mut answer: Answer) -> Answer {
        for _ in 0..10 {
            match answer.location() {
                Some(path) if path.starts_with('/') => answer = self.get(&path),
                _ => return answer,
            }
        }
        panic!("redirected in circles");
    }

    pub(crate) fn cookie(&self, name: &str) -> Option<String> {
        let cookies = self.cookies.borrow();
        cookies
            .iter()
            .find(|(n, _)| n == name)
            .map(|(_, v)| v.clone())
    }

    pub(crate) fn set_cookie(&self, name: &str, value: &str) {
        let mut cookies = self.cookies.borrow_mut();
        cookies.retain(|(n, _)| n != name);
        cookies.push((name.to_owned(), value.to_owned()));
    }

    pub(crate) fn forget(&self, name: &str) {
        self.cookies.borrow_mut().retain(|(n, _)| n != name);
    }

    pub(crate) fn send(
        &self,
        method: &str,
        path: &str,
        body: Option<&[u8]>,
        from: From,
        headers: &[(&str, &str)],
    ) -> Answer {
        self.try_send(method, path, body, from, headers)
            .expect("answered")
    }

    /// As [`get`](Self::get), of a server that may be gone before its answer is here as a whole.
    pub(crate) fn try_get(&self, path: &str) -> std::io::Result<Answer> {
        self.try_send("GET", path, None, From::Here, &[])
    }

    fn try_send(
        &self,
        method: &str,
        path: &str,
        body: Option<&[u8]>,
        from: From,
        headers: &[(&str, &str)],
    ) -> std::io::Result<Answer> {
        let mut request = format!(
            "{method} {path} HTTP/1.1\r\nConnection: close\r\nUser-Agent: sample browser\r\n"
        );
        if !headers.iter().any(|(name, _)| *name == "Host") {
            request.push_str("Host: localhost\r\n");
        }
        let site = match from {
            From::Here => "same-origin",
            From::Link | From::Elsewhere => "cross-site",
        };
        if !headers.iter().any(|(name, _)| *name == "Sec-Fetch-Site") {
            request.push_str(&format!("Sec-Fetch-Site: {site}\r\n"));
        }
        let cookies = self.cookies.borrow();
        if from != From::Elsewhere && !cookies.is_empty() {
            let pairs: Vec<String> = cookies.iter().map(|(n, v)| format!("{n}={v}")).collect();
            request.push_str(&format!("Cookie: {}\r\n", pairs.join("; ")));
        }
        drop(cookies);
        for (name, value) in headers {
            request.push_str(&format!("{name}: {value}\r\n"));
        }
        if let Some(body) = body {
            if !headers.iter().any(|(name, _)| *name == "Content-Type") {
                request.push_str("Content-Type: application/x-www-form-urlencoded\r\n");
            }
            request.push_str(&format!("Content-Length: {}\r\n", body.len()));
        }
        request.push_str("\r\n");
        let mut stream = TcpStream::connect(self.address)?;
        stream.set_read_timeout(Some(Duration::from_secs(60)))?;
        stream.write_all(request.as_bytes())?;
        if let Some(body) = body {
            // A body refused early closes the connection; the answer tells.
            drop(stream.write_all(body));
        }
        let mut raw = Vec::new();
        stream.read_to_end(&mut raw)?;
        let answer = Answer::parse(&raw, method == "HEAD")?;
        self.keep(&answer);
        Ok(answer)
    }

    fn keep(&self, answer: &Answer) {
        for set in answer.all("set-cookie") {
            let mut parts = set.split(';');
            let (name, value) = parts
                .next()
                .and_then(|pair| pair.split_once('='))
                .expect("a cookie has a name and a value");
            let gone = parts.any(|part| part.trim() == "Max-Age=0");
            self.forget(name);
            if !gone {
                self.set_cookie(name, value);
            }
        }
    }
}

impl Answer {
    fn parse(raw: &[u8], is_head: bool) -> std::io::Result<Self> {
        let cut_off = || std::io::Error::from(std::io::ErrorKind::UnexpectedEof);
        let end = raw
            .windows(4)
            .position(|w| w == b"\r\n\r\n")
            .ok_or_else(cut_off)?;
        let head = String::from_utf8_lossy(&raw[..end]);
        let mut lines = head.lines();
        let status = lines
            .next()
            .and_then(|line| line.split(' ').nth(1))
            .and_then(|code| code.parse().ok())
            .expect("a status");
        let headers: Vec<(String, String)> = lines
            .filter_map(|line| line.split_once(':'))
            .map(|(n, v)| (n.to_lowercase(), v.trim().to_owned()))
            .collect();
        let mut body = raw[end + 4..].to_vec();
        if headers
            .iter()
            .any(|(n, v)| n == "transfer-encoding" && v == "chunked")
        {
            body = unchunked(&body);
        }
        let length = headers.iter().find(|(name, _)| name == "content-length");
        if !is_head && length.is_some_and(|(_, length)| length.parse() != Ok(body.len())) {
            return Err(cut_off());
        }
        Ok(Self {
            status,
            headers,
            body,
        })
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(n, _)| n == name)
            .map(|(_, v)| v.as_str())
    }

    pub(crate) fn all(&self, name: &str) -> Vec<&str> {
        self.headers
            .iter()
            .filter(|(n, _)| n == name)
            .map(|(_, v)| v.as_str())
            .collect()
    }

    pub(crate) fn location(&self) -> Option<String> {
        self.header("location").map(str::to_owned)
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The action of the page's one form.
    pub(crate) fn action(&self) -> String {
        let text = self.text();
        attribute(after(&text, "<form").expect("a form"), "action").expect("an action")
    }

    /// The value of a form field.
    pub(crate) fn field(&self, name: &str) -> Option<String> {
        let text = self.text();
        let mut rest = text.as_str();
        while let Some(input) = after(rest, "<input") {
            let tag = input.split('>').next().unwrap_or("");
            if attribute(tag, "name").as_deref() == Some(name) {
                return attribute(tag, "value");
            }
            rest = input;
        }
        None
    }

    /// The reference code on the page.
    pub(crate) fn code(&self) -> String {
        let text = self.text();
        let bytes = text.as_bytes();
        let is = |b: u8| b.is_ascii_uppercase() || b.is_ascii_digit();
        (0..bytes.len().saturating_sub(9))
            .find(|at| {
                let w = &bytes[*at..at + 9];
                w[4] == b'-'
                    && w.iter().enumerate().all(|(i, b)| i == 4 || is(*b))
                    && (*at == 0 || !is(bytes[at - 1]))
                    && !is(bytes[at + 9])
            })
            .map(|at| text[at..at + 9].to_owned())
            .unwrap_or_else(|| panic!("no reference code on the page:\n{text}"))
    }
}

fn after<'t>(text: &'t str, mark: &str) -> Option<&'t str> {
    text.find(mark).map(|at| &text[at + mark.len()..])
}

fn attribute(tag: &str, name: &str) -> Option<String> {
    let tag = tag.split('>').next().unwrap_or("");
    let value = after(tag, &format!(" {name}=\""))?.split('"').next()?;
    Some(unescape(value))
}

fn unescape(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find('&') {
        out.push_str(&rest[..at]);
        let end = rest[at..].find(';').expect("an entity ends") + at;
        let entity = &rest[at + 1..end];
        out.push(match entity {
            "amp" => '&',
            "lt" => '<',
            "gt" => '>',
            "quot" => '"',
            other => other
                .strip_prefix('#')
                .and_then(|number| number.parse::<u32>().ok())
                .and_then(char::from_u32)
                .unwrap_or_else(|| panic!("the entity &{other}; is unknown")),
        });
        rest = &rest[end + 1..];
    }
    out.push_str(rest);
    out
}

fn unchunked(mut body: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    while let Some(end) = body.windows(2).position(|w| w == b"\r\n") {
        let size = String::from_utf8_lossy(&body[..end]);
        let size = usize::from_str_radix(size.trim(), 16).expect("a chunk's size");
        if size == 0 {
            break;
        }
        out.extend_from_slice(&body[end + 2..end + 2 + size]);
        body = &body[end + 2 + size + 2..];
    }
    out
}

/// Fields as a browser posts them.
pub(crate) fn form(fields: &[(&str, &str)]) -> String {
    let pairs: Vec<String> = fields
        .iter()
        .map(|(name, value)| format!("{}={}", escape(name), escape(value)))
        .collect();
    pairs.join("&")
}

/// Text as it stands in a query.
pub(crate) fn escape(text: &str) -> String {
    text.bytes()
        .map(|b| {
            if b.is_ascii_alphanumeric() || b"-._~".contains(&b) {
                char::from(b).to_string()
            } else {
                format!("%{b:02X}")
            }
        })
        .collect()
}
