//! Log lines: for people or as JSON, on standard error.

use std::io::{self, Write};

use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

use crate::config::logs::{LogFormat, LogLevel, Logs};

/// Begins to log. The first call of a process counts. Of the modules in `quiet` only warnings are
/// logged.
pub fn start(settings: &Logs, quiet: &[&str]) {
    let level = match settings.level {
        LogLevel::Error => LevelFilter::ERROR,
        LogLevel::Warn => LevelFilter::WARN,
        LogLevel::Info => LevelFilter::INFO,
        LogLevel::Debug => LevelFilter::DEBUG,
        LogLevel::Trace => LevelFilter::TRACE,
    };
    // Other people's crates log what helps their authors, and at the lower levels the requests
    // themselves, cookies and all.
    let targets = Targets::new()
        .with_default(level.min(LevelFilter::WARN))
        .with_target("avouch_server", level)
        .with_target("avouch_saml", level)
        .with_targets(
            quiet
                .iter()
                .map(|module| (*module, level.min(LevelFilter::WARN))),
        );
    // No colours: escape codes are for terminals, and foreign text must not smuggle any in.
    let lines = tracing_subscriber::fmt::layer()
        .with_ansi(false)
        .with_writer(|| OneLine(io::stderr()));
    let registry = tracing_subscriber::registry().with(targets);
    let started = match settings.format {
        LogFormat::Human => registry.with(lines).try_init(),
        LogFormat::Json => registry
            .with(lines.json().flatten_event(true).with_span_list(false))
            .try_init(),
    };
    // A second start is a test's; the first one's settings stay.
    drop(started);
}

/// Keeps an event on its line: whatever a client sends, it cannot begin a line of its own.
struct OneLine<W>(W);

impl<W: Write> Write for OneLine<W> {
    // The formatter hands over one whole event at a time, with the line's end.
    fn write(&mut self, event: &[u8]) -> io::Result<usize> {
        let (body, end) = match event.split_last() {
            Some((b'\n', body)) => (body, &b"\n"[..]),
            _ => (event, &b""[..]),
        };
        if body.iter().any(|b| b.is_ascii_control()) {
            let plain: Vec<u8> = body
                .iter()
                .map(|b| if b.is_ascii_control() { b' ' } else { *b })
                .chain(end.iter().copied())
                .collect();
            self.0.write_all(&plain)?;
        } else {
            self.0.write_all(event)?;
        }
        Ok(event.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Proves AV-SEC-71, in its half about forged lines.
    #[test]
    fn av_sec_71_an_event_stays_on_its_line() {
        for (event, written) in [
            ("INFO plain\n", "INFO plain\n"),
            ("user=a\r\nINFO forged\n", "user=a  INFO forged\n"),
            ("user=\u{1b}[2Ja\u{7f}\n", "user= [2Ja \n"),
            ("no end", "no end"),
        ] {
            let mut line = OneLine(Vec::new());
            line.write_all(event.as_bytes()).expect("a Vec takes all");
            assert_eq!(String::from_utf8_lossy(&line.0), written);
        }
    }
}
