//! A fault of ours, written down while there is a database to write it to.

use crate::audit::check::Value;
use crate::audit::trail::Trail;
use crate::audit::{EventKind, ResultCode};
use crate::context::Context;
use crate::fault::OperatorError;
use crate::store::{self, StoreError};

/// Logs what ended the attempt of `trail` and writes its event; answers the fault with what its
/// reader is given: the event's reference code or, without an event, the request's id, which is in
/// the log.
pub fn record(cx: &Context, trail: &Trail, error: OperatorError) -> OperatorError {
    let cause = error.for_the_log();
    let request_id = cx.request_id.as_str();
    // Without a database there is nowhere to write to.
    if error.is_unavailable() {
        tracing::error!(request.id = request_id, cause, "a request failed");
        return error.known_as(request_id.to_owned());
    }
    let event = trail.event(
        &cx.occasion(),
        ResultCode::InternalError,
        Value::text(cause.clone()),
    );
    let db = &cx.services.db;
    let written: Result<_, StoreError> = db.write(|c| store::events::insert_referred(c, &event));
    match written {
        Ok(referred) => {
            tracing::error!(
                request.id = request_id,
                event.code = referred.code,
                cause,
                "a request failed"
            );
            error.known_as(referred.code)
        }
        // The first failure is what the reader should know of.
        Err(second) => {
            tracing::error!(
                request.id = request_id,
                cause,
                %second,
                "a request failed, and its event could not be written"
            );
            error.known_as(request_id.to_owned())
        }
    }
}

/// As [`record`], for a fault that ended something of which nothing else is known; one that is
/// written down already stays as it is.
pub fn record_bare(cx: &Context, kind: EventKind, error: OperatorError) -> OperatorError {
    if error.code().is_some() {
        return error;
    }
    record(cx, &Trail::of(kind), error)
}
