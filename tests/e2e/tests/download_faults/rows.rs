//! The faults of the matrix: what is injected, and how a download has to end.

use serde_json::{Value, json};

/// What the page knows of the bytes beforehand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Digests {
    Nothing,
    Whole,
}

/// How a download has to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// With the right bytes.
    Right,
    /// With wrong ones: nobody could tell.
    Unnoticed,
    /// With this code.
    Fails(&'static str),
}

/// One download under faults.
#[derive(Debug, Clone)]
pub struct Row {
    /// Its name, and the run's.
    pub name: &'static str,
    /// As they stand in the URL.
    pub faults: &'static str,
    pub digests: Digests,
    pub end: End,
    /// Bytes that may come for nothing.
    pub wasted: u64,
    /// The `mode` of its result, where that is not left open.
    pub mode: Option<&'static str>,
    /// Options beside those that all have.
    pub options: Value,
}

/// Of every file of the matrix.
pub const SIZE: u64 = (2 << 20) + 100;
/// What a body may have brought when it is thrown away whole.
const WHOLE: u64 = SIZE + (64 << 10);

fn row(name: &'static str, faults: &'static str) -> Row {
    let options = json!({});
    Row { name, faults, digests: Digests::Nothing, end: End::Right, wasted: 64 << 10, mode: None, options }
}

impl Row {
    fn fails(self, code: &'static str) -> Row {
        Row { end: End::Fails(code), wasted: u64::MAX, ..self }
    }

    fn unnoticed(self) -> Row {
        Row { end: End::Unnoticed, ..self }
    }

    fn with(self, digests: Digests) -> Row {
        Row { digests, ..self }
    }

    fn wastes(self, wasted: u64) -> Row {
        Row { wasted, ..self }
    }

    fn mode(self, mode: &'static str) -> Row {
        Row { mode: Some(mode), ..self }
    }

    fn options(self, options: Value) -> Row {
        Row { options, ..self }
    }
}

/// A bit flips on the way, once or in every answer; and the resource is another one in the middle.
fn corruption() -> Vec<Row> {
    vec![
        row("a bit flips, nothing is known", "range=flipped").unnoticed(),
        row("a bit flips, the MD5 is known", "range=flipped").with(Digests::Whole).fails("digest-mismatch"),
        row("bytes of one further on, nothing is known", "range=lying").unnoticed(),
        row("bytes of one further on, the MD5 is known", "range=lying")
            .with(Digests::Whole)
            .fails("digest-mismatch"),
        row(
            "cut, then another version",
            "drip=answer,rate=4000000,on=download+reset=answer,at=900000,on=download+range=changed,nth=2,times=always",
        )
        .wastes(3 * WHOLE),
        row("cut, then once another version", "drip=answer,rate=4000000,on=download+reset=answer,at=900000,on=download+range=changed,nth=2")
            .wastes(2 * WHOLE),
    ]
}

/// Wrong answers to a range, the first one and one that goes on after a cut.
fn ranges() -> Vec<Row> {
    vec![
        row("nothing", "none"),
        row("no ranges", "range=ignored,times=always").mode("whole"),
        row("no ranges, cut", "range=ignored,times=always+drip=answer,rate=4000000,on=download+reset=answer,at=900000,on=download")
            .mode("whole")
            .wastes(WHOLE),
        row("200 in the middle", "drip=answer,rate=4000000,on=download+reset=answer,at=900000,on=download+range=ignored,nth=2").wastes(WHOLE),
        row("later start", "range=shifted").wastes(WHOLE),
        row("later start, always", "range=shifted,times=always").wastes(8 * WHOLE),
        row("half of it", "range=less"),
        row("half of it, always", "range=less,times=always"),
        row("no Content-Range", "range=unsaid"),
        row("no Content-Range, ever", "range=unsaid,times=always"),
        row(
            "no Content-Range, ever, and cut",
            "range=unsaid,times=always+drip=answer,rate=4000000,on=download+reset=answer,at=900000,on=download",
        ),
        row("another total, after a cut", "drip=answer,rate=4000000,on=download+reset=answer,at=900000,on=download+range=total,nth=2")
            .wastes(2 * WHOLE),
        row("416 to the first", "range=refused"),
        row("416, always", "range=refused,times=always").mode("whole"),
        row("416 after a cut", "drip=answer,rate=4000000,on=download+reset=answer,at=900000,on=download+range=refused,nth=2").wastes(2 * WHOLE),
    ]
}

fn statuses() -> Vec<Row> {
    vec![
        row("401", "status=401,on=download,times=always").fails("rejected"),
        row(
            "403 after a cut",
            "drip=answer,rate=4000000,on=download+reset=answer,at=900000,on=download+status=403,on=download,nth=2,times=always",
        )
        .fails("rejected"),
        row("404", "status=404,on=download,body=html,times=always").fails("rejected"),
        row(
            "410 after a cut",
            "drip=answer,rate=4000000,on=download+reset=answer,at=900000,on=download+status=410,on=download,nth=2,times=always",
        )
        .fails("rejected"),
        row("412 after a cut", "drip=answer,rate=4000000,on=download+reset=answer,at=900000,on=download+status=412,on=download,nth=2")
            .wastes(2 * WHOLE),
        row("429 with Retry-After", "status=429,on=download,retry-after=1"),
        row("429 thrice", "status=429,on=download,times=3"),
        row("500 twice", "status=500,on=download,times=2"),
        row("502, a proxy's page", "status=502,on=download,body=html,times=2"),
        row(
            "503 after a cut",
            "drip=answer,rate=4000000,on=download+reset=answer,at=900000,on=download+status=503,on=download,nth=2,retry-date=1",
        ),
        row("sent elsewhere", "redirect=302,on=download"),
    ]
}

fn bodies() -> Vec<Row> {
    vec![
        row("cut", "drip=answer,rate=4000000,on=download+reset=answer,at=900000,on=download"),
        row("cut thrice", "drip=answer,rate=4000000,on=download+reset=answer,at=500000,on=download,times=3"),
        row("cut in the head", "reset=answer,at=20,on=download"),
        row("cut at once", "reset=answer,at=0,on=download"),
        // Chromium throws away what its stream has not handed out when the connection ends too early.
        row("half of what it says", "length=short,on=download").wastes(WHOLE),
        row("more than it says", "length=long,on=download").wastes(WHOLE),
        row("chunked garbage", "garbage,on=download"),
        row("it stands still", "hole=answer,at=900000,on=download"),
        row("no answer", "mute,on=download"),
        row("late", "slow=700,on=download"),
        row("slow", "drip=answer,rate=1200000,on=download"),
        row(
            "the server goes away",
            "drip=answer,rate=4000000,on=download+reset=answer,at=900000,on=download+refuse=900,on=download,nth=2",
        ),
    ]
}

fn origins() -> Vec<Row> {
    vec![
        row("no header is exposed", "cors=silent"),
        row("no header is exposed, and cut", "cors=silent+drip=answer,rate=4000000,on=download+reset=answer,at=900000,on=download"),
        row(
            "no header is exposed, and another version",
            "cors=silent+drip=answer,rate=4000000,on=download+reset=answer,at=900000,on=download+range=changed,nth=2,times=always",
        )
        .wastes(2 * WHOLE),
        row("other origins are refused", "cors=refused")
            .fails("network")
            .options(json!({ "retry": { "budget": 1500 } })),
    ]
}

/// Every row. What is cut comes slowly: a browser's stream throws away what it has not handed out when a body breaks.
pub fn all() -> Vec<Row> {
    [ranges(), statuses(), bodies(), origins(), corruption()].concat()
}
