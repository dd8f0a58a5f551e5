//! A fault of ours, written down while there is a database to write it to.

use crate::audit::trail::Trail;
use crate::audit::{EventKind, ResultCode};
use crate::context::Context;
use crate::fault::OperatorError;
use crate::store::{self, StoreError};

/// Logs what ended the attempt of `trail` and writes its event; answers the fault with the
/// reference code that its reader is given.
pub fn record(cx: &Context, trail: &Trail, error: OperatorError) -> OperatorError {
    let code = trail.code.clone();
    let cause = error.for_the_log();
    tracing::error!(
        request.id = cx.request_id,
        event.code = code,
        cause,
        "a request failed"
    );
    // Without a database there is nowhere to write to.
    if !error.is_unavailable() {
        let event = trail.event(&cx.occasion(), ResultCode::InternalError, cause);
        let written = cx.services.db.write(|c| store::events::insert(c, &event));
        // A second failure changes nothing for the reader; the first one is in the log.
        if let Err(second) = written {
            let second: StoreError = second;
            tracing::error!(
                request.id = cx.request_id,
                event.code = code,
                error = %second,
                "its event could not be written"
            );
        }
    }
    error.known_as(code)
}

/// As [`record`], for a fault that ended something of which nothing else is known; one that is
/// written down already stays as it is.
pub fn record_bare(cx: &Context, kind: EventKind, error: OperatorError) -> OperatorError {
    if error.code().is_some() {
        return error;
    }
    record(cx, &Trail::of(kind, &mut *cx.random()), error)
}
