//! Sends a transfer's requests and, where one brings no answer, looks for what the browser does not tell: a policy of
//! the page, a server that is there and does not let it in, or one that is not there.

use std::cell::{Cell, RefCell};
use std::future::Future;
use std::pin::Pin;

use js_sys::Promise;
use web_sys::{AbortSignal, Response};

use super::fetch::{AbortGuard, Outgoing, check_url, send};
use super::listener::Listener;
use super::object::{get_string, object};
use super::task::first;
use super::{page, sys, time, url};
use crate::core::address::{is_mixed, origin_of, without_secrets};
use crate::core::cause::{Cause, Looks, Loss};
use crate::core::clock::Millis;

/// How long a look may take, in ms.
const PATIENCE: Millis = 3_000;
/// How long after a request has failed a violation of the page's policy is told at the latest, in ms: the event is a
/// task of its own.
const TOLD_WITHIN: Millis = 50;
/// How many violations are kept.
const KEPT: usize = 16;

thread_local! {
    /// What the page's policy kept from being asked: origin and path.
    static FORBIDDEN: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
    /// For all transfers: of thousands few fail.
    static VIOLATIONS: RefCell<Option<Listener>> = const { RefCell::new(None) };
}

/// What one transfer may still find out.
#[derive(Debug, Default)]
pub struct Inquiry {
    looks: Cell<Looks>,
}

impl Inquiry {
    /// Sends a request as [`send`] does; where no answer comes, says what can be found out of the cause.
    pub fn send<'a>(
        &'a self,
        outgoing: Outgoing,
        signal: &'a AbortSignal,
    ) -> Pin<Box<dyn Future<Output = Result<Response, Loss>> + 'a>> {
        Box::pin(async move {
            listen();
            let (url, credentials) = (outgoing.url.clone(), outgoing.credentials);
            match send(outgoing, signal).await {
                Err(loss) if loss.cause == Cause::Unanswered && !signal.aborted() => {
                    Err(self.explain(&url::address(&url), credentials, loss).await)
                }
                result => result,
            }
        })
    }

    async fn explain(&self, url: &str, credentials: &str, loss: Loss) -> Loss {
        if let Err(refused) = check_url(url) {
            return refused;
        }
        let failed = time::now();
        let cause = self.cause(url, credentials).await;
        // No network was asked.
        let is_local = cause == Cause::Unsendable;
        let revoked = if is_local { "; it was revoked, or can't be read" } else { "" };
        Loss { cause, looked: time::now().since(failed), words: loss.words + revoked, source: loss.source }
    }

    async fn cause(&self, url: &str, credentials: &str) -> Cause {
        if let Some(scheme) = ["blob", "data"].into_iter().find(|scheme| url.starts_with(*scheme)) {
            time::sleep(TOLD_WITHIN).await;
            return if is_blocked(scheme) || is_forbidden(url) { Cause::Policy } else { Cause::Unsendable };
        }
        if is_mixed(&page::base().unwrap_or_default(), url) {
            return Cause::MixedContent;
        }
        if is_forbidden(url) {
            return Cause::Policy;
        }
        let same_origin = url::is_same_origin(url);
        let unknown = if same_origin { Cause::Connection } else { Cause::Unanswered };
        let mut looks = self.looks.get();
        let free = page::is_online() && looks.take(time::now());
        self.looks.set(looks);
        if !free {
            return unknown;
        }
        time::sleep(TOLD_WITHIN).await;
        if is_forbidden(url) {
            return Cause::Policy;
        }
        if same_origin { unknown } else { look(url, credentials).await }
    }
}

/// Asks a server of another origin without asking for permission: the answer is hidden, and that there is one is not.
async fn look(url: &str, credentials: &str) -> Cause {
    match asked(url, "no-cors", "omit").await {
        None => Cause::Unanswered,
        Some(false) => Cause::Unreachable,
        // A request that needs no preflight, and so tells whether that is what fails.
        Some(true) => match asked(url, "cors", credentials).await {
            Some(true) => Cause::Preflight,
            _ => Cause::Cors,
        },
    }
}

/// Tells whether an answer comes; nothing if neither that nor a failure comes soon.
async fn asked(url: &str, mode: &str, credentials: &str) -> Option<bool> {
    let guard = AbortGuard::new().ok()?;
    let init = object(&[
        ("method", "HEAD".into()),
        ("mode", mode.into()),
        ("credentials", credentials.into()),
        ("cache", "no-store".into()),
        ("signal", guard.signal().into()),
    ]);
    let answer = sys::fetch(url, &init).map(|answer| Promise::resolve(&answer));
    let answer = answer.unwrap_or_else(|error| Promise::reject(&error));
    let mut answered = None;
    let wait = async { answered = Some(wasm_bindgen_futures::JsFuture::from(answer).await.is_ok()) };
    first(wait, time::sleep(PATIENCE)).await;
    answered
}

/// Begins to hear what the page's policy forbids; a worker hears what its own does.
fn listen() {
    VIOLATIONS.with_borrow_mut(|listener| {
        listener.get_or_insert_with(|| {
            Listener::new(&js_sys::global(), "securitypolicyviolation", |event| {
                let text = |name| get_string(&event, name).unwrap_or_default();
                // One that is only reported forbids nothing.
                if text("disposition") != "report" && text("effectiveDirective").starts_with("connect-src") {
                    FORBIDDEN.with_borrow_mut(|list| {
                        if list.len() >= KEPT {
                            list.remove(0);
                        }
                        list.push(without_secrets(&text("blockedURI")));
                    });
                }
            })
        });
    });
}

/// Tells whether the page's policy kept `url` from being asked. Browsers name it without its query, or its origin
/// alone.
fn is_forbidden(url: &str) -> bool {
    is_blocked(&without_secrets(url)) || is_blocked(&origin_of(url))
}

fn is_blocked(name: &str) -> bool {
    FORBIDDEN.with_borrow(|list| list.iter().any(|blocked| blocked == name))
}
