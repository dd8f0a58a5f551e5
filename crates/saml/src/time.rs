//! Instants and randomness as arguments: this crate reads no clock and owns no generator.

use chrono::{DateTime, Datelike, NaiveDateTime, TimeZone, Timelike, Utc};

/// What an instant said of its zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Zone {
    /// UTC, as SAML has it.
    Utc,
    /// An offset from it.
    Offset,
    /// Nothing.
    Missing,
}

/// An instant in UTC, in milliseconds since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

impl Timestamp {
    /// From milliseconds since 1970-01-01T00:00:00Z.
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis)
    }

    /// Milliseconds since 1970-01-01T00:00:00Z.
    pub const fn millis(self) -> i64 {
        self.0
    }

    /// This instant moved by seconds, either way.
    #[must_use]
    pub const fn plus_seconds(self, seconds: i64) -> Self {
        Self(self.0.saturating_add(seconds.saturating_mul(1000)))
    }

    /// Reads an `xs:dateTime` in UTC (saml-core §1.3.3): `Z` is required, since an instant
    /// without a zone is ambiguous; fractions are cut to milliseconds.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim_matches([' ', '\t', '\n', '\r']);
        let local = text.strip_suffix('Z')?;
        let bytes = local.as_bytes();
        // chrono accepts more shapes than xs:dateTime has.
        let shaped = bytes.len() >= 19
            && bytes.len() <= 40
            && bytes.iter().enumerate().all(|(at, b)| match at {
                4 | 7 => *b == b'-',
                10 => *b == b'T',
                13 | 16 => *b == b':',
                19 => *b == b'.',
                _ => b.is_ascii_digit(),
            })
            && bytes.len() != 20
            && &bytes[17..19] != b"60";
        if !shaped {
            return None;
        }
        let parsed = NaiveDateTime::parse_from_str(local, "%Y-%m-%dT%H:%M:%S%.f").ok()?;
        Some(Self(parsed.and_utc().timestamp_millis()))
    }

    /// Reads an `xs:dateTime` as peers write it: in UTC, with an offset, or without any zone, which
    /// then is UTC, since saml-core §1.3.3 has no other. `None`: of another form, of no calendar, or
    /// beyond the years that can be written.
    pub fn read(text: &str) -> Option<(Self, Zone)> {
        let text = text.trim_matches([' ', '\t', '\n', '\r']);
        if let Some(at) = Self::parse(text) {
            return Some((at, Zone::Utc));
        }
        if let Some(at) = Self::parse(&format!("{text}Z")) {
            return Some((at, Zone::Missing));
        }
        let (local, zone) = text.split_at_checked(text.len().checked_sub(6)?)?;
        let (sign, offset) = match zone.as_bytes().first()? {
            b'+' => (1, &zone[1..]),
            b'-' => (-1, &zone[1..]),
            _ => return None,
        };
        let (hours, minutes) = offset.split_once(':')?;
        let number = |digits: &str| {
            let plain = digits.len() == 2 && digits.bytes().all(|b| b.is_ascii_digit());
            plain.then(|| digits.parse::<i64>().ok()).flatten()
        };
        let (hours, minutes) = (number(hours)?, number(minutes)?);
        // XML Schema Part 2, §3.2.7.3.
        if minutes > 59 || hours * 60 + minutes > 14 * 60 {
            return None;
        }
        let local = Self::parse(&format!("{local}Z"))?;
        let at = local.plus_seconds(-sign * (hours * 60 + minutes) * 60);
        (Self::parse(&at.to_string()) == Some(at)).then_some((at, Zone::Offset))
    }

    /// The most octets [`Timestamp::write`] needs.
    pub const MAX_LEN: usize = 24;

    /// Writes `2026-01-31T12:00:00.000Z`, or without the fraction when it is zero. A message holds
    /// half a dozen instants, so this neither allocates nor reads a format.
    pub fn write(self, out: &mut [u8; Self::MAX_LEN]) -> &str {
        let utc = self.as_utc();
        let millis = utc.timestamp_subsec_millis();
        // xs:dateTime has four digits of year here; messages live nowhere near its bounds.
        let year = utc.year().clamp(0, 9999).unsigned_abs();
        out.copy_from_slice(b"0000-00-00T00:00:00.000Z");
        let mut put = |at: usize, digits: usize, mut value: u32| {
            for place in out[at..at + digits].iter_mut().rev() {
                *place = b'0' + (value % 10) as u8;
                value /= 10;
            }
        };
        put(0, 4, year);
        put(5, 2, utc.month());
        put(8, 2, utc.day());
        put(11, 2, utc.hour());
        put(14, 2, utc.minute());
        put(17, 2, utc.second());
        put(20, 3, millis);
        let len = if millis == 0 {
            out[19] = b'Z';
            20
        } else {
            Self::MAX_LEN
        };
        std::str::from_utf8(&out[..len]).expect("digits and punctuation are ASCII")
    }

    fn as_utc(self) -> DateTime<Utc> {
        Utc.timestamp_millis_opt(self.0)
            .single()
            .unwrap_or(DateTime::<Utc>::MAX_UTC)
    }
}

/// `2026-01-31T12:00:00.000Z`, or without the fraction when it is zero.
impl std::fmt::Display for Timestamp {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.write(&mut [0; Self::MAX_LEN]))
    }
}

/// A span of time a message or metadata is good for, judged with tolerance for skewed clocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Window {
    /// Good from here on, inclusive.
    pub not_before: Option<Timestamp>,
    /// Good until here, exclusive.
    pub not_on_or_after: Option<Timestamp>,
}

impl Window {
    /// Whether `now` lies inside, with `skew_seconds` of tolerance on both ends.
    pub fn contains(&self, now: Timestamp, skew_seconds: i64) -> bool {
        self.not_before
            .is_none_or(|from| now.plus_seconds(skew_seconds) >= from)
            && self
                .not_on_or_after
                .is_none_or(|until| now.plus_seconds(-skew_seconds) < until)
    }
}

/// A source of randomness fit for secrets. Tests pass a seeded one.
pub trait Random {
    /// Fills `bytes`.
    fn fill(&mut self, bytes: &mut [u8]);
}

/// Parses an `xs:duration` to seconds, months counting 30 days and years 365.
pub fn parse_duration_seconds(text: &str) -> Option<i64> {
    let text = text.trim_matches([' ', '\t', '\n', '\r']);
    let (sign, text) = match text.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, text),
    };
    let (date, time) = match text.strip_prefix('P')?.split_once('T') {
        Some((date, time)) if !time.is_empty() => (date, time),
        Some(_) => return None,
        None => (text.strip_prefix('P')?, ""),
    };
    if date.is_empty() && time.is_empty() {
        return None;
    }
    let days = sum_fields(date, &[('Y', 31_536_000), ('M', 2_592_000), ('D', 86_400)])?;
    let seconds = sum_fields(time, &[('H', 3_600), ('M', 60), ('S', 1)])?;
    Some(sign * days.checked_add(seconds)?)
}

fn sum_fields(mut text: &str, units: &[(char, i64)]) -> Option<i64> {
    let mut total: i64 = 0;
    for (unit, worth) in units {
        if let Some((number, rest)) = text.split_once(*unit) {
            let whole = match number.split_once('.') {
                Some((whole, fraction))
                    if *unit == 'S' && fraction.bytes().all(|b| b.is_ascii_digit()) =>
                {
                    whole
                }
                Some(_) => return None,
                None => number,
            };
            if whole.is_empty() || !whole.bytes().all(|b| b.is_ascii_digit()) {
                return None;
            }
            let number: i64 = whole.parse().ok()?;
            total = total.checked_add(number.checked_mul(*worth)?)?;
            text = rest;
        }
    }
    text.is_empty().then_some(total)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Proves AV-RSP-02 for the writer and AV-REQ-03 for the reader.
    #[test]
    fn av_rsp_02_times_are_utc_with_milliseconds_at_most() {
        let t = Timestamp::parse("2026-02-28T23:59:59.1239Z").expect("valid");
        assert_eq!(t.to_string(), "2026-02-28T23:59:59.123Z");
        assert_eq!(t.plus_seconds(1).to_string(), "2026-03-01T00:00:00.123Z");
        assert_eq!(
            Timestamp::from_millis(0).to_string(),
            "1970-01-01T00:00:00Z"
        );
        for bad in [
            "2026-02-28T23:59:59",
            "2026-02-28T23:59:60Z",
            "2026-02-28T23:59:59+01:00",
            "2026-02-28 23:59:59Z",
            "2026-02-30T00:00:00Z",
            "2026-02-28T23:59:59.Z",
            "2026-02-28T24:00:01Z",
            "",
            "Z",
            "+2026-02-28T23:59:59Z",
        ] {
            assert_eq!(Timestamp::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn durations_in_seconds() {
        for (text, want) in [
            ("PT5M", Some(300)),
            ("P1DT1H", Some(90_000)),
            ("P1Y", Some(31_536_000)),
            ("PT0S", Some(0)),
            ("PT1.5S", Some(1)),
            ("-PT1S", Some(-1)),
            ("P", None),
            ("PT", None),
            ("P1H", None),
            ("1D", None),
            ("PT1M1H", None),
        ] {
            assert_eq!(parse_duration_seconds(text), want, "{text}");
        }
    }

    /// Proves IIP-G01, SDP-G01, E92 for the comparison itself.
    #[test]
    fn iip_g01_windows_tolerate_skew_both_ways() {
        let at = Timestamp::from_millis(1_000_000_000);
        let window = Window {
            not_before: Some(at),
            not_on_or_after: Some(at.plus_seconds(60)),
        };
        for (offset, inside) in [
            (-181, false),
            (-179, true),
            (0, true),
            (60 + 179, true),
            (60 + 181, false),
        ] {
            assert_eq!(
                window.contains(at.plus_seconds(offset), 180),
                inside,
                "{offset}"
            );
        }
    }
}
