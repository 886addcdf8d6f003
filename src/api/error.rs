//! Errors on their way out.

use wasm_bindgen::prelude::*;

use crate::core::error::Error;
use crate::core::thrown::Thrown;
use crate::web::object::object;

/// Makes the plain object that the shell turns into a `TransferError`.
pub fn into_js(error: &Error) -> JsValue {
    object(&[
        ("code", error.kind.code().into()),
        ("message", error.message().into()),
        ("status", error.status.map_or(JsValue::UNDEFINED, JsValue::from)),
        ("retryable", error.kind.retryable().into()),
        ("reason", error.cause.map_or(JsValue::UNDEFINED, |cause| cause.name().into())),
        ("detail", error.detail.as_str().into()),
        ("source", error.source.as_ref().map_or(JsValue::UNDEFINED, source_into_js)),
    ])
}

/// Makes the plain object that the shell turns into the `cause`, with that error's own.
fn source_into_js(thrown: &Thrown) -> JsValue {
    object(&[
        ("name", thrown.name().into()),
        ("message", thrown.message().into()),
        ("source", thrown.source().map_or(JsValue::UNDEFINED, source_into_js)),
    ])
}
