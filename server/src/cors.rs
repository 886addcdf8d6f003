//! Which pages may call the server, and what they may read of its answers.

use std::time::Duration;

use axum::http::{HeaderValue, Method, header};
use tower_http::cors::{AllowHeaders, AllowOrigin, CorsLayer};

use crate::config::{Origins, SetupError};

/// How long a browser may remember a preflight. Chromium caps it at this, Firefox at a day.
const PREFLIGHT_AGE: Duration = Duration::from_secs(7200);

/// Makes the layer for `origins`. Whatever header a page asks to send is allowed: a wildcard would leave out
/// `Authorization`, and nothing here trusts a header for being hard to send.
pub fn layer(origins: &Origins) -> Result<CorsLayer, SetupError> {
    let layer = CorsLayer::new()
        .allow_methods([Method::GET, Method::HEAD, Method::POST])
        .allow_headers(AllowHeaders::mirror_request())
        .max_age(PREFLIGHT_AGE)
        .expose_headers([
            header::CONTENT_RANGE,
            header::ACCEPT_RANGES,
            header::ETAG,
            header::CONTENT_LENGTH,
            header::CONTENT_DISPOSITION,
            header::HeaderName::from_static("repr-digest"),
            header::RETRY_AFTER,
            header::LAST_MODIFIED,
        ]);
    match origins {
        Origins::Any => Ok(layer.allow_origin(AllowOrigin::any())),
        Origins::List(list) => {
            let list = list
                .iter()
                .map(|origin| {
                    let is_origin = origin == "null" || origin.contains("://") && !origin.ends_with('/');
                    HeaderValue::from_str(origin)
                        .ok()
                        .filter(|_| is_origin)
                        .ok_or_else(|| SetupError::Origin(origin.clone()))
                })
                .collect::<Result<Vec<_>, _>>()?;
            Ok(layer.allow_origin(AllowOrigin::list(list)).allow_credentials(true))
        }
    }
}
