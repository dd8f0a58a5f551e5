//! How fast what is old may go. A clock that is wrong for a while (a battery, a restored machine, a
//! forged time server) must not make everything old at once, since what is deleted does not come back
//! when the clock is put right.

use std::time::Duration;

use avouch_saml::time::Timestamp;

/// So much faster than real time the instant may move by which things are judged too old. Who was
/// switched off for a month has caught up after half a day; a clock that is two years ahead for three
/// minutes takes three hours.
const CATCH_UP: u32 = 60;
/// What a process may move it in its first round, of which it cannot know how long it took.
const FIRST: Duration = Duration::from_secs(3600);
/// A step of the clock that is worth a warning.
const JUMP: Duration = Duration::from_secs(86_400);

/// The instant by which a round of cleaning judges what is too old.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Judged {
    /// It.
    pub(super) by: Timestamp,
    /// So far the clock is away from where it should be, if that is far; negative when it went back.
    pub(super) jump_seconds: Option<i64>,
}

/// Judges by the clock, `now`, where it has moved since the `last` round about as far as real time,
/// `elapsed`; a process does not know that in its first round.
pub(super) fn judge(last: Timestamp, now: Timestamp, elapsed: Option<Duration>) -> Judged {
    let millis = |duration: Duration| i64::try_from(duration.as_millis()).unwrap_or(i64::MAX);
    let allowed = elapsed.map_or(FIRST, |elapsed| elapsed.saturating_mul(CATCH_UP));
    let moved = now.millis() - last.millis();
    let real = elapsed.map_or(0, millis);
    let jump = moved - real;
    Judged {
        by: Timestamp::from_millis(
            now.millis()
                .min(last.millis().saturating_add(millis(allowed))),
        ),
        jump_seconds: (jump.abs() > millis(JUMP)).then_some(jump / 1000),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LAST: Timestamp = Timestamp::from_millis(1_700_000_000_000);
    const MINUTE: Option<Duration> = Some(Duration::from_secs(60));

    /// Three minutes of a clock two years ahead cost three hours of the log, not all of it.
    #[test]
    fn hardening_03_a_wrong_clock_moves_the_judgement_little() {
        let mut last = LAST;
        for minute in 1..=3 {
            let wrong = LAST.plus_seconds(730 * 86_400 + minute * 60);
            let judged = judge(last, wrong, MINUTE);
            assert!(judged.jump_seconds.is_some_and(|jump| jump > 729 * 86_400));
            last = judged.by;
        }
        assert_eq!(last, LAST.plus_seconds(3 * 3600));
        // Put right again, it goes on as if nothing had been.
        let right = LAST.plus_seconds(240);
        let judged = judge(last, right, MINUTE);
        assert_eq!((judged.by, judged.jump_seconds), (right, None));
        assert!(
            judge(LAST.plus_seconds(800 * 86_400), right, MINUTE)
                .jump_seconds
                .is_some()
        );
    }

    #[test]
    fn a_right_clock_is_followed_and_a_pause_caught_up_with() {
        let minute_later = LAST.plus_seconds(61);
        let judged = judge(LAST, minute_later, MINUTE);
        assert_eq!((judged.by, judged.jump_seconds), (minute_later, None));
        let month_later = LAST.plus_seconds(30 * 86_400);
        let first = judge(LAST, month_later, None);
        assert_eq!(first.by, LAST.plus_seconds(3600));
        let rounds = (0..).scan(first.by, |last, _| {
            *last = judge(*last, month_later, MINUTE).by;
            Some(*last)
        });
        assert_eq!(rounds.take_while(|by| *by < month_later).count(), 718);
    }
}
