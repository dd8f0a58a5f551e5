//! Who is at the other end: the socket's peer, or what trusted proxies say about it.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use actix_web::HttpRequest;
use ipnet::IpNet;

use crate::config::server::ForwardedHeader;

/// The client's address. A forwarding header counts only when the peer is a trusted proxy, and
/// is read from the right: what stands left of the first untrusted address anyone could have
/// written.
pub(crate) fn address(
    request: &HttpRequest,
    trusted: &[IpNet],
    believed: ForwardedHeader,
) -> IpAddr {
    let peer = request
        .peer_addr()
        .map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |peer| {
            peer.ip().to_canonical()
        });
    // What anybody could have written is not worth reading.
    if !trusted.iter().any(|net| net.contains(&peer)) {
        return peer;
    }
    let header = |name: &str, refused: ForwardedHeader| -> Vec<String> {
        if believed == refused {
            return Vec::new();
        }
        request
            .headers()
            .get_all(name)
            .map(|value| value.to_str().unwrap_or("").to_owned())
            .collect()
    };
    let forwarded = header("Forwarded", ForwardedHeader::XForwardedFor);
    let hops: Vec<Option<IpAddr>> = if forwarded.is_empty() {
        header("X-Forwarded-For", ForwardedHeader::Forwarded)
            .iter()
            .flat_map(|line| line.split(','))
            .map(parse_hop)
            .collect()
    } else {
        forwarded
            .iter()
            .flat_map(|line| line.split(','))
            .map(|element| {
                element
                    .split(';')
                    .filter_map(|pair| pair.trim().split_once('='))
                    .find(|(name, _)| name.eq_ignore_ascii_case("for"))
                    .and_then(|(_, value)| parse_hop(value))
            })
            .collect()
    };
    behind_proxies(peer, &hops, trusted)
}

fn behind_proxies(peer: IpAddr, hops: &[Option<IpAddr>], trusted: &[IpNet]) -> IpAddr {
    let is_trusted = |address: &IpAddr| trusted.iter().any(|net| net.contains(address));
    let mut client = peer;
    for hop in hops.iter().rev() {
        if !is_trusted(&client) {
            break;
        }
        // What a proxy wrote and nobody can read ends the chain at that proxy.
        let Some(next) = hop else { break };
        client = *next;
    }
    client
}

/// An address with or without port, brackets or quotes.
fn parse_hop(text: &str) -> Option<IpAddr> {
    let text = text.trim().trim_matches('"');
    text.parse::<IpAddr>()
        .ok()
        .or_else(|| text.parse::<SocketAddr>().ok().map(|socket| socket.ip()))
        .or_else(|| {
            text.strip_prefix('[')?
                .strip_suffix(']')?
                .parse::<IpAddr>()
                .ok()
        })
        .map(|address| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;
    use proptest::prelude::*;

    fn seen(peer: &str, headers: &[(&'static str, &str)], trusted: &[&str]) -> String {
        seen_in(ForwardedHeader::Either, peer, headers, trusted)
    }

    fn seen_in(
        believed: ForwardedHeader,
        peer: &str,
        headers: &[(&'static str, &str)],
        trusted: &[&str],
    ) -> String {
        let mut request = TestRequest::default().peer_addr(peer.parse().expect("peer"));
        for (name, value) in headers {
            request = request.append_header((*name, *value));
        }
        let trusted: Vec<IpNet> = trusted.iter().map(|n| n.parse().expect("net")).collect();
        address(&request.to_http_request(), &trusted, believed).to_string()
    }

    #[test]
    fn only_trusted_proxies_are_believed() {
        let proxies: &[&str] = &["10.0.0.0/8", "2001:db8::/32"];
        for (peer, headers, want) in [
            (
                "192.0.2.9:1",
                vec![("X-Forwarded-For", "198.51.100.1")],
                "192.0.2.9",
            ),
            (
                "10.0.0.1:1",
                vec![("X-Forwarded-For", "198.51.100.1")],
                "198.51.100.1",
            ),
            (
                "10.0.0.1:1",
                vec![("X-Forwarded-For", "203.0.113.5, 198.51.100.1, 10.9.9.9")],
                "198.51.100.1",
            ),
            (
                "10.0.0.1:1",
                vec![("X-Forwarded-For", "nonsense")],
                "10.0.0.1",
            ),
            ("10.0.0.1:1", vec![], "10.0.0.1"),
            (
                "10.0.0.1:1",
                vec![("Forwarded", "for=\"[2001:db9::7]:4711\";proto=https")],
                "2001:db9::7",
            ),
            ("10.0.0.1:1", vec![("Forwarded", "proto=https")], "10.0.0.1"),
            (
                "[2001:db8::1]:1",
                vec![("X-Forwarded-For", "::ffff:198.51.100.1")],
                "198.51.100.1",
            ),
        ] {
            assert_eq!(seen(peer, &headers, proxies), want, "{peer} {headers:?}");
        }
        assert_eq!(
            seen("10.0.0.1:1", &[("X-Forwarded-For", "198.51.100.1")], &[]),
            "10.0.0.1"
        );
    }

    #[test]
    fn the_one_header_that_is_named_is_believed() {
        let both = [
            ("Forwarded", "for=192.0.2.1"),
            ("X-Forwarded-For", "192.0.2.2"),
        ];
        let proxy = &["10.0.0.1/32"];
        for (believed, headers, want) in [
            (ForwardedHeader::Either, &both[..], "192.0.2.1"),
            (ForwardedHeader::Forwarded, &both, "192.0.2.1"),
            (ForwardedHeader::XForwardedFor, &both, "192.0.2.2"),
            (ForwardedHeader::Forwarded, &both[1..], "10.0.0.1"),
            (ForwardedHeader::XForwardedFor, &both[..1], "10.0.0.1"),
        ] {
            let seen = seen_in(believed, "10.0.0.1:1", headers, proxy);
            assert_eq!(seen, want, "{believed:?} {headers:?}");
        }
    }

    proptest! {
        /// Whatever an outsider writes into either header, in front of what our own proxy appends
        /// or in a line of its own, the client is the one that our proxy saw.
        #[test]
        fn what_an_outsider_writes_is_not_believed(
            written in prop_oneof![
                "[ -~]{0,60}",
                proptest::collection::vec(
                    prop_oneof![
                        Just("for="), Just("\""), Just("["), Just("]"), Just(","), Just(";"), Just("10.0.0.9"),
                        Just("2001:db8::9"), Just("203.0.113.5:80"), Just("::ffff:10.0.0.2"), Just(" "),
                    ],
                    0..12,
                )
                .prop_map(|pieces| pieces.concat()),
            ],
            same_line in any::<bool>(),
            forwarded in any::<bool>(),
        ) {
            let (name, appended) = if forwarded {
                ("Forwarded", "for=198.51.100.1;proto=https")
            } else {
                ("X-Forwarded-For", "198.51.100.1")
            };
            let line = format!("{written}, {appended}");
            let headers = if same_line {
                vec![(name, line.as_str())]
            } else {
                vec![(name, written.as_str()), (name, appended)]
            };
            let proxies: &[&str] = &["10.0.0.0/8", "2001:db8::/32"];
            prop_assert_eq!(seen("10.0.0.1:1", &headers, proxies), "198.51.100.1");
            // Without a proxy of ours in front, the peer is the client.
            prop_assert_eq!(seen("192.0.2.9:1", &headers, proxies), "192.0.2.9");
        }
    }
}
