//! What a request is answered: the work's own answer, or what a fault makes of it.

use std::collections::BTreeSet;
use std::time::{Duration, SystemTime};

use serde_json::{Value, json};

use crate::delivery::Outgoing;
use crate::downloads;
use crate::http::{Answer, head::Head};
use crate::log::Open;
use crate::protocol::Reply;
use crate::run::Run;
use crate::scenario::{Cors, Fault, Filler, List, On, Retry, Spec, Work};
use crate::target::Target;

/// A request with what was known when it began.
pub(crate) struct Case<'a> {
    pub run: &'a Run,
    pub target: &'a Target,
    pub head: &'a Head,
    pub aim: On,
    pub body: &'a [u8],
    pub open: &'a Open,
    /// When it began, in ms since 1970.
    pub began: u64,
    /// The chunks that were here when it began.
    pub had: &'a BTreeSet<String>,
    /// How many chunks were under way when it began, with it.
    pub under_way: usize,
}

/// What goes back, before anything happens to it on the wire.
pub(crate) struct Verdict {
    pub outgoing: Outgoing,
    /// The chunk that this acknowledges once it is out.
    pub acknowledges: Option<String>,
}

impl Case<'_> {
    /// Decides on the answer under the faults that struck.
    pub fn judge(&self, struck: &[Spec]) -> Verdict {
        let mut verdict = match self.refused(struck) {
            Some(outgoing) => Verdict { outgoing, acknowledges: None },
            None if self.aim == On::Options => {
                Verdict { outgoing: Answer::new(204, "text/plain", "").into(), acknowledges: None }
            }
            None if self.aim == On::Download => {
                Verdict { outgoing: downloads::answer(self, struck), acknowledges: None }
            }
            None => self.worked(struck),
        };
        self.allow(struck, &mut verdict.outgoing);
        verdict
    }

    /// Returns the answer of a fault that leaves the work undone.
    fn refused(&self, struck: &[Spec]) -> Option<Outgoing> {
        for spec in struck {
            let outgoing = match &spec.fault {
                Fault::Token(token) => {
                    let wanted = format!("Bearer {token}");
                    if self.head.header("authorization") == Some(wanted.as_str()) {
                        continue;
                    }
                    enveloped(Reply::no(401, 401, "the token has expired"))
                }
                Fault::Limit { most, retry } if self.under_way > *most => {
                    with_retry(enveloped(Reply::no(429, 429, "too many at once")), *retry)
                }
                Fault::Status { status, work: Work::Before | Work::Early, body, retry } => {
                    with_retry(filled(*status, *body, &Value::Null), *retry)
                }
                Fault::Code(code) => enveloped(Reply::no(200, *code, "the server says no")),
                Fault::Redirect(status) => Outgoing::from(Answer::new(*status, "text/plain", ""))
                    .with("Location", &self.target.moved()),
                _ => continue,
            };
            self.open.injected(&spec.text);
            return Some(outgoing);
        }
        None
    }

    /// Does the work and returns its answer, or what a fault puts in its place.
    fn worked(&self, struck: &[Spec]) -> Verdict {
        let mut store = self.run.store();
        let mut corrupt = false;
        for spec in struck {
            match &spec.fault {
                Fault::Forget(what) => store.forget(*what),
                Fault::Corrupt => corrupt = true,
                _ => continue,
            }
            self.open.injected(&spec.text);
        }
        let path = self.target.unmoved();
        let (mut reply, chunk) = match self.aim {
            On::Handshake | On::Finish => {
                let prefix = format!("/s/{}/{}", self.target.run, self.target.faults);
                (store.handshake(self.body, &prefix), None)
            }
            On::Chunk => {
                let taken = store.chunk(self.body, corrupt);
                let again = taken.chunk.as_deref().is_some_and(|id| store.is_again(id, self.began));
                self.open.note(|entry| {
                    (entry.chunk, entry.took) = (taken.chunk.clone(), taken.took);
                    entry.again = again;
                });
                (taken.reply, taken.chunk)
            }
            _ => match store.at_path(path).filter(|_| self.head.method == "GET") {
                Some(bytes) => {
                    let outgoing = Answer::new(200, "application/octet-stream", bytes).into();
                    return Verdict { outgoing, acknowledges: None };
                }
                None if path.starts_with("/api/upload") => (Reply::no(405, 405, "only POST"), None),
                None => (Reply::no(404, 404, "there is nothing here"), None),
            },
        };
        let mut instead = None;
        for spec in struck {
            match &spec.fault {
                Fault::Status { status, work: Work::After, body, retry } => {
                    instead = Some(with_retry(filled(*status, *body, &reply.json()), *retry));
                }
                Fault::Answer(body) => instead = Some(filled(200, *body, &reply.json())),
                Fault::List(list) => {
                    let wrong = self.relisted(*list, &mut store, chunk.as_deref(), &mut reply);
                    if !wrong {
                        continue;
                    }
                }
                _ => continue,
            }
            self.open.injected(&spec.text);
        }
        // Told that it is needed still, a client sends it again with good reason.
        let asked_for = |id: &String| reply.data.as_array().is_some_and(|list| list.contains(&json!(id)));
        let acknowledges = chunk.filter(|id| instead.is_none() && reply.code == 0 && !asked_for(id));
        Verdict { outgoing: instead.unwrap_or_else(|| enveloped(reply)), acknowledges }
    }

    /// Makes the list of `reply` wrong; false where this list can't be.
    fn relisted(
        &self,
        list: List,
        store: &mut crate::protocol::Store,
        chunk: Option<&str>,
        reply: &mut Reply,
    ) -> bool {
        let file_id = crate::multipart::text(self.body, "fileId");
        let own = chunk.unwrap_or("");
        match (list, reply.data.as_array_mut()) {
            (List::Empty, _) if reply.code == 0 => {
                reply.data = json!([]);
                true
            }
            (List::Stale, Some(data)) => {
                let stale = store.needed(file_id.as_deref().unwrap_or(""), Some(self.had));
                let stale: Vec<Value> = stale.into_iter().filter(|id| id != own).map(Value::from).collect();
                let changed = *data != stale;
                *data = stale;
                changed
            }
            (List::Again, Some(data)) => match store.some_acknowledged(own) {
                Some(id) => {
                    store.lose(&id);
                    data.push(json!(id));
                    true
                }
                None => false,
            },
            (List::Own, Some(data)) => {
                store.lose(own);
                data.push(json!(own));
                true
            }
            (List::Unknown, Some(data)) => {
                data.push(json!("00000000000000000000000000000bad"));
                true
            }
            _ => false,
        }
    }

    /// Says what other origins may do and see.
    fn allow(&self, struck: &[Spec], outgoing: &mut Outgoing) {
        let Some(origin) = self.head.header("origin") else { return };
        let mut exposed = "Content-Range, Accept-Ranges, ETag, Content-Length, Retry-After, Repr-Digest";
        for spec in struck {
            let Fault::Cors(cors) = spec.fault else { continue };
            self.open.injected(&spec.text);
            match cors {
                Cors::Refused => return,
                Cors::Silent => exposed = "",
            }
        }
        outgoing.set("Access-Control-Allow-Origin", origin);
        outgoing.set("Access-Control-Allow-Credentials", "true");
        outgoing.set("Vary", "Origin");
        if self.head.method == "OPTIONS" {
            outgoing.set("Access-Control-Allow-Methods", "GET, HEAD, POST");
            outgoing.set("Access-Control-Max-Age", "600");
            if let Some(asked) = self.head.header("access-control-request-headers") {
                outgoing.set("Access-Control-Allow-Headers", asked);
            }
        } else if !exposed.is_empty() {
            outgoing.set("Access-Control-Expose-Headers", exposed);
        }
    }
}

fn enveloped(reply: Reply) -> Outgoing {
    Answer::json(reply.status, &reply.json()).into()
}

fn filled(status: u16, body: Filler, meant: &Value) -> Outgoing {
    match body {
        Filler::Envelope => enveloped(Reply::no(status, u32::from(status), "a fault on order")),
        Filler::Html => {
            let page = format!("<html><body><h1>{status} from a proxy</h1></body></html>");
            Answer::new(status, "text/html", page).into()
        }
        Filler::Empty => Answer::new(status, "text/plain", "").into(),
        Filler::Cut => {
            let mut text = meant.to_string();
            let half = (0..=text.len() / 2).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
            text.truncate(half);
            Answer::new(status, "application/json", text).into()
        }
    }
}

fn with_retry(outgoing: Outgoing, retry: Option<Retry>) -> Outgoing {
    match retry {
        None => outgoing,
        Some(Retry::Seconds(seconds)) => outgoing.with("Retry-After", &seconds.to_string()),
        Some(Retry::Date(seconds)) => {
            let date = SystemTime::now() + Duration::from_secs(seconds);
            outgoing.with("Retry-After", &httpdate::fmt_http_date(date))
        }
    }
}
