//! The faults of the matrix: what is injected, and how an upload has to end.

use e2e::engine::Engine;
use serde_json::{Value, json};

/// One upload under faults.
#[derive(Debug, Clone)]
pub struct Row {
    /// Its name, and the run's.
    pub name: &'static str,
    /// As they stand in the URL.
    pub faults: &'static str,
    /// How it has to end: well, or with this code, and this status if one is named.
    pub fails: Option<(&'static str, Option<u16>)>,
    /// The page's own origin; else a port, and so an origin, of its own.
    pub same_origin: bool,
    /// How many chunks may be sent for nothing; `None`: one for each fault that struck.
    pub wasted: Option<u64>,
    /// Preflights, where the origin is another one and no fault strikes them.
    pub preflights: usize,
    /// For so long after the first fault's answer nothing may be sent, in ms.
    pub rest: Option<u64>,
    /// An engine that it can't strike, for it never sends a POST over a connection that was used before.
    pub spares: Option<Engine>,
    /// Options beside those that all have.
    pub options: Value,
}

fn row(name: &'static str, faults: &'static str) -> Row {
    Row {
        name,
        faults,
        fails: None,
        same_origin: false,
        wasted: None,
        // For the handshake's JSON; a form needs none.
        preflights: 1,
        rest: None,
        spares: None,
        options: json!({}),
    }
}

impl Row {
    fn fails(self, code: &'static str, status: impl Into<Option<u16>>) -> Row {
        Row { fails: Some((code, status.into())), ..self }
    }

    fn same(self) -> Row {
        Row { same_origin: true, ..self }
    }

    fn wastes(self, chunks: u64) -> Row {
        Row { wasted: Some(chunks), ..self }
    }

    fn preflights(self, most: usize) -> Row {
        Row { preflights: most, ..self }
    }

    fn rests(self, ms: u64) -> Row {
        Row { rest: Some(ms), ..self }
    }

    fn spares(self, engine: Engine) -> Row {
        Row { spares: Some(engine), ..self }
    }

    fn with(self, options: Value) -> Row {
        Row { options, ..self }
    }
}

/// A header of the page's own asks for preflights to both URLs; the first two chunks go out together, each with one.
const WITH_TOKEN: usize = 3;

/// Ends the retries soon, where nothing gets better.
fn brief() -> Value {
    json!({ "retry": { "budget": 1500, "base": 50, "cap": 400 } })
}

/// Returns the matrix, what takes long first.
pub fn all() -> Vec<Row> {
    [silence(), connections(), http_that_passes(), strange_answers(), lists(), origins(), refusals()].concat()
}

fn silence() -> Vec<Row> {
    vec![
        row("hole in the first chunk", "hole=request,at=100000").with(json!({ "stallTimeout": 500 })),
        row("hole in a chunk", "hole=request,at=100000,nth=4"),
        row("hole in an answer", "hole=answer,at=30,nth=4"),
        row("hole in the handshake", "hole=request,on=handshake"),
        row("no answer to a chunk", "mute,nth=4"),
        row("no answer to the handshake", "mute,on=handshake"),
        row("no answer to the end", "mute,on=finish").with(json!({ "finishTimeout": 3000 })).wastes(0),
        row("a slow reader", "drip=request,rate=400000,times=2,nth=3").wastes(0),
        row("a dripping list", "drip=answer,rate=1500,on=handshake,times=1").wastes(0),
        row("a slow answer", "slow=800,nth=3").wastes(0),
        row("a slow end", "slow=1200,on=finish").wastes(0),
        row("silence for ever", "mute,on=handshake,times=always")
            .with(json!({ "stallTimeout": 400, "retry": { "budget": 1200, "base": 50, "cap": 100 } }))
            .fails("stalled", None),
    ]
}

fn connections() -> Vec<Row> {
    vec![
        // With it all connections are reset: of the four chunks that are sent at first, three are under way then.
        row("port closed for 2 s", "refuse=2000,nth=3").wastes(3),
        row("port closed for 2 s at the start", "refuse=2000,on=handshake"),
        row("port closed at the end", "refuse=1000,on=handshake,nth=2").wastes(0),
        row("reset before the body", "reset=request,at=0,nth=3"),
        row("reset within a chunk", "reset=request,at=100000,nth=3"),
        row("three resets in a row", "reset=request,at=200000,nth=2,times=3"),
        row("reset within the handshake", "reset=request,at=50,on=handshake").wastes(0),
        row("answer lost", "reset=answer,at=0,nth=3"),
        row("handshake's answer lost", "reset=answer,at=0,on=handshake").wastes(0),
        row("last chunk's answer lost", "reset=answer,at=0,nth=9"),
        row("end's answer lost", "reset=answer,at=0,on=finish").wastes(0),
        row("answer cut in its head", "reset=answer,at=40,nth=3"),
        row("answer cut in its body", "reset=answer,at=420,nth=2"),
        row("half closed within a chunk", "half-close,at=50000,nth=3"),
        row("idle connection closed at reuse", "close-idle")
            .with(json!({ "concurrency": 1 }))
            .spares(Engine::WebKit),
        row("port closed for ever", "refuse=600000,on=handshake").with(brief()).fails("network", None),
    ]
}

fn http_that_passes() -> Vec<Row> {
    vec![
        row("503 with Retry-After in seconds", "status=503,retry-after=2,nth=2").rests(1990),
        row("503 with Retry-After as a date", "status=503,retry-date=3,nth=2").rests(1900),
        row("503 to the handshake", "status=503,retry-after=1,on=handshake").same().rests(990).wastes(0),
        row("429 above one", "limit=1+slow=60,times=always"),
        row("429 above one, with Retry-After", "limit=1,retry-after=1+slow=60,times=always")
            .with(json!({ "concurrency": 4 })),
        row("500 before the work", "status=500,nth=2").same(),
        row("500 after the work", "status=500,work=after,nth=2").same().wastes(0),
        row("500 to the handshake", "status=500,on=handshake,times=2").same().wastes(0),
        row("502 page before the work", "status=502,body=html,nth=3").same(),
        row("502 page after the work", "status=502,body=html,work=after,nth=3").same().wastes(0),
        row("502 page at the end", "status=502,body=html,work=after,on=finish").wastes(0),
        row("504 without a body after the work", "status=504,body=empty,work=after,nth=2").wastes(0),
        row("408", "status=408,body=empty,nth=2"),
        row("401 to the handshake until a new token", "token=new")
            .with(json!({ "token": ["old", "new"], "concurrency": 2 }))
            .preflights(WITH_TOKEN)
            .wastes(0),
        row("401 to chunks until a new token", "token=new,on=chunk")
            .with(json!({ "token": ["old", "old", "old", "new"], "concurrency": 2 }))
            .preflights(WITH_TOKEN),
        row(
            "a storm",
            "status=503,nth=2+reset=request,at=70000,nth=3+slow=300,nth=4+status=500,work=after,nth=5",
        ),
    ]
}

fn strange_answers() -> Vec<Row> {
    vec![
        row("403 once", "status=403,nth=3").same(),
        row("404 page once", "status=404,body=html,nth=3").same(),
        row("413 once", "status=413,nth=2"),
        row("415 page once to the handshake", "status=415,body=html,on=handshake").wastes(0),
        row("code 500 with HTTP 200 once", "code=500,nth=3").same(),
        row("code 10001 with HTTP 200 once", "code=10001,nth=3").same(),
        row("code 1 with HTTP 200 to the handshake once", "code=1,on=handshake").same().wastes(0),
        row("a page with HTTP 200", "answer=html,nth=3").wastes(0),
        row("a page with HTTP 200 to the handshake", "answer=html,on=handshake").same().wastes(0),
        row("an empty answer", "answer=empty,nth=3").wastes(0),
        row("half of the JSON", "answer=cut,nth=3").wastes(0),
        row("half of the JSON at the end", "answer=cut,on=finish").wastes(0),
        row("an answer shorter than it says", "length=short,nth=3").wastes(0),
        row("an answer longer than it says", "length=long,nth=3"),
        row("chunked garbage", "garbage,nth=3").wastes(0),
        row("a redirect of a chunk", "redirect=307,nth=2").same(),
        row("a redirect of the handshake", "redirect=308,on=handshake").preflights(2).wastes(0),
    ]
}

fn lists() -> Vec<Row> {
    vec![
        // Slow readers, so that the fourth to be whole began before the third was.
        row("a stale list", "list=stale,nth=4+slow=300,nth=4+drip=request,rate=1000000").wastes(0),
        row("asks again for what it took earlier", "list=again,nth=4"),
        row("asks again for what it just took", "list=own,nth=3"),
        row("asks for a chunk that is none", "list=unknown").wastes(0),
        row("[] for a complete file, once", "list=empty").wastes(0),
        // Two are under way and find no session; three were there.
        row("session forgotten", "forget=session,nth=4").with(json!({ "concurrency": 2 })).wastes(2),
        row("session and chunks forgotten", "forget=chunks,nth=4")
            .with(json!({ "concurrency": 2 }))
            .wastes(5),
        row("a chunk arrives corrupt", "corrupt,nth=3"),
    ]
}

fn origins() -> Vec<Row> {
    vec![
        row("CORS exposes nothing", "cors=silent+status=503,retry-after=1,nth=2").wastes(1),
        row("CORS refused for 1.5 s", "cors=refused,for=1500"),
        row("preflight fails once", "status=500,on=options").wastes(0),
        row("CORS refused for ever", "cors=refused").with(brief()).fails("network", None),
    ]
}

fn refusals() -> Vec<Row> {
    vec![
        row("403 to every chunk", "status=403,times=always").same().fails("rejected", 403),
        row("404 page to every handshake", "status=404,body=html,on=handshake,times=always")
            .same()
            .fails("rejected", 404),
        row("413 page to every chunk", "status=413,body=html,times=always").fails("rejected", 413),
        row("413 before the body, always", "status=413,body=html,work=early,times=always")
            .fails("rejected", 413),
        row("415 to every handshake", "status=415,on=handshake,times=always").fails("rejected", 415),
        row("405 after a redirect that turns POST into GET", "redirect=302,times=always")
            .fails("rejected", 405),
        row("507 to every chunk", "status=507,times=always").same().fails("rejected", 507),
        row("401 for ever", "token=new")
            .with(json!({ "token": ["old"] }))
            .preflights(1)
            .fails("rejected", 401),
        row("code 403 with HTTP 200, always", "code=403,times=always").same().fails("rejected", 200),
        row("a page with HTTP 200, always", "answer=html,on=any,times=always").fails("server", 200),
        row("half of the JSON, always", "answer=cut,on=handshake,times=always").fails("server", 200),
        row("500 for ever", "status=500,on=any,times=always").with(brief()).fails("server", 500),
        row("[] for a complete file, always", "list=empty,times=always").fails("server", None),
        row("never keeps a chunk", "list=own,times=always").fails("server", None),
        row("every chunk arrives corrupt", "corrupt,times=always").fails("rejected", 422),
    ]
}
