//! What a schedule is made of: a server with its habits, a network with its faults, a page with its wishes.

use proptest::prelude::*;
use xuchuan::core::download::Bulk;

/// How the server treats ranges, always.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ranges {
    Good,
    /// 200 to everything.
    Ignored,
    /// At most so many bytes an answer.
    Capped(u64),
    /// The total is `*`.
    Star,
    /// No Content-Length.
    Chunked,
    /// Compressed, decoded by the browser.
    Encoded,
    /// From the first byte asked for to the end of the file.
    OpenEnded,
    /// 416 to everything with a Range.
    Refused,
    /// Starts so many bytes earlier.
    Early(u64),
    /// Works only for the first few requests, then 200.
    Tired(u32),
    /// A lie, every time.
    Lying(Lie),
}

/// A wrong answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lie {
    Late,
    OtherUnit,
    Multipart,
    Html,
    OtherTotal,
    OtherLength,
    NotSatisfiable,
}

/// What goes wrong with one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// No answer.
    Lost,
    /// No answer, and no word of it.
    Silent,
    /// The body ends early, as if it were whole.
    Cut,
    /// The body breaks.
    Broken,
    /// The body stops coming.
    Stalled,
    /// Another status.
    Status(u16),
    /// 200 in the middle.
    Whole,
    Lie(Lie),
}

/// Which validators the server sends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tags {
    None,
    Weak,
    Strong,
    Dated,
    JustDated,
    StrongAndDated,
    /// Another ETag with each answer, and the date.
    Flapping,
    /// A strong ETag in some answers only.
    Sometimes,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cors {
    /// Every header is readable.
    Exposed,
    /// Only the safelisted ones.
    Hidden,
}

/// What the server does with If-Match.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Conditions {
    Obeyed,
    Ignored,
    /// 200 in the place of the range.
    Mishandled,
    /// Its preflight fails.
    Blocked,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expected {
    Nothing,
    FromPage,
    FromServer,
    Wrong,
}

/// Something that happens at a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Happening {
    Pause(u64),
    Offline(u64),
    Jump(u64),
    /// The queue gives so many slots for a while.
    Slots(usize, u64),
    /// The server's origin was found to take no more requests than this, or that is forgotten.
    ServerLimit(Option<usize>),
    /// The resource becomes another, of another size if so.
    Change(bool),
    Crash,
    TokenExpires,
    UrlExpires,
}

#[derive(Debug, Clone)]
pub struct Scenario {
    pub seed: u64,
    pub size: u64,
    pub piece: u64,
    pub min_split: u64,
    pub overlap: u64,
    pub connections: usize,
    pub fixed: bool,
    pub bulk: Option<Bulk>,
    pub ahead: u64,
    pub ranges: Ranges,
    pub tags: Tags,
    pub cors: Cors,
    pub conditions: Conditions,
    pub faults: Vec<Fault>,
    /// One request in so many meets a fault while there are any left.
    pub fault_every: u64,
    pub happenings: Vec<(u64, Happening)>,
    pub digest: Expected,
    pub abort_at: Option<u64>,
    pub quota_after: Option<u64>,
    pub cap: Option<u64>,
    /// The server wants a token that the page cannot renew.
    pub locked: bool,
}

impl Scenario {
    /// The same without anything going wrong.
    pub fn quiet(&self) -> Scenario {
        Scenario {
            faults: vec![],
            happenings: vec![],
            digest: Expected::FromPage,
            conditions: Conditions::Obeyed,
            abort_at: None,
            quota_after: None,
            cap: None,
            ..self.clone()
        }
    }

    /// Whether a client can come to believe that the resource changed.
    pub fn may_look_changed(&self) -> bool {
        self.happenings.iter().any(|(_, it)| matches!(it, Happening::Change(_)))
            || matches!(self.ranges, Ranges::Lying(_) | Ranges::Encoded | Ranges::Refused)
            || self.tags == Tags::Flapping
            || self.faults.iter().any(|it| {
                matches!(it, Fault::Lie(Lie::OtherTotal | Lie::NotSatisfiable | Lie::OtherLength | Lie::Html))
                    || *it == Fault::Status(416)
                    || *it == Fault::Status(412)
            })
    }

    /// Whether the server may say no for good: to new credentials that expire before a byte came, too; a 412 to an
    /// unconditional request and a 416 to a plain one are refusals.
    pub fn may_be_refused(&self) -> bool {
        let expires =
            |it: &&(u64, Happening)| matches!(it.1, Happening::TokenExpires | Happening::UrlExpires);
        self.locked
            || self.happenings.iter().filter(expires).count() > 1
            || self.faults.iter().any(|it| matches!(it, Fault::Status(412 | 416)))
    }

    /// Whether no answer of the server need ever be usable.
    pub fn always_lies(&self) -> bool {
        matches!(self.ranges, Ranges::Lying(_)) || self.faults.iter().filter(is_lie).count() >= 5
    }

    /// Whether the server may leave a request without an answer, or a body in the middle.
    pub fn may_fall_silent(&self) -> bool {
        self.faults.iter().any(|it| matches!(it, Fault::Silent | Fault::Stalled))
    }
}

fn is_lie(fault: &&Fault) -> bool {
    matches!(fault, Fault::Lie(_))
}

fn lie() -> impl Strategy<Value = Lie> {
    prop_oneof![
        Just(Lie::Late),
        Just(Lie::OtherUnit),
        Just(Lie::Multipart),
        Just(Lie::Html),
        Just(Lie::OtherTotal),
        Just(Lie::OtherLength),
        Just(Lie::NotSatisfiable),
    ]
}

fn ranges() -> impl Strategy<Value = Ranges> {
    prop_oneof![
        8 => Just(Ranges::Good),
        1 => Just(Ranges::Ignored),
        1 => (2u64..300).prop_map(Ranges::Capped),
        1 => Just(Ranges::Star),
        1 => Just(Ranges::Chunked),
        1 => Just(Ranges::Encoded),
        1 => Just(Ranges::OpenEnded),
        1 => Just(Ranges::Refused),
        1 => (1u64..50).prop_map(Ranges::Early),
        1 => (1u32..5).prop_map(Ranges::Tired),
        2 => lie().prop_map(Ranges::Lying),
    ]
}

fn fault() -> impl Strategy<Value = Fault> {
    prop_oneof![
        Just(Fault::Lost),
        Just(Fault::Silent),
        Just(Fault::Cut),
        Just(Fault::Broken),
        Just(Fault::Stalled),
        prop::sample::select(vec![408u16, 429, 500, 502, 503, 504]).prop_map(Fault::Status),
        prop::sample::select(vec![412u16, 416]).prop_map(Fault::Status),
        Just(Fault::Whole),
        lie().prop_map(Fault::Lie),
    ]
}

fn happening() -> impl Strategy<Value = Happening> {
    prop_oneof![
        (1u64..100_000).prop_map(Happening::Pause),
        (1u64..900_000).prop_map(Happening::Offline),
        (0u64..4_000_000).prop_map(Happening::Jump),
        (0usize..3, 1u64..100_000).prop_map(|(slots, span)| Happening::Slots(slots, span)),
        prop::option::of(0usize..4).prop_map(Happening::ServerLimit),
        any::<bool>().prop_map(Happening::Change),
        Just(Happening::Crash),
        Just(Happening::Crash),
        Just(Happening::TokenExpires),
        Just(Happening::UrlExpires),
    ]
}

fn tags() -> impl Strategy<Value = Tags> {
    prop::sample::select(vec![
        Tags::None,
        Tags::Weak,
        Tags::Strong,
        Tags::Dated,
        Tags::JustDated,
        Tags::StrongAndDated,
        Tags::Flapping,
        Tags::Sometimes,
    ])
}

fn conditions() -> impl Strategy<Value = Conditions> {
    prop::sample::select(vec![
        Conditions::Obeyed,
        Conditions::Ignored,
        Conditions::Mishandled,
        Conditions::Blocked,
    ])
}

fn rarely<T: Clone + std::fmt::Debug>(it: impl Strategy<Value = T>) -> impl Strategy<Value = Option<T>> {
    prop::option::weighted(0.06, it)
}

fn bulk() -> impl Strategy<Value = Bulk> {
    (1u64..600, 0u64..4, 20u64..2000).prop_map(|(after, pace, most)| Bulk { after, pace, most })
}

pub fn any_scenario() -> impl Strategy<Value = Scenario> {
    let shape = (
        any::<u64>(),
        prop_oneof![1 => 0u64..3, 9 => 3u64..4000],
        10u64..500,
        1u64..300,
        16u64..64,
        1usize..6,
        any::<bool>(),
        (prop::option::of(bulk()), 1u64..2000),
    );
    let server =
        (ranges(), tags(), prop_oneof![2 => Just(Cors::Exposed), 1 => Just(Cors::Hidden)], conditions());
    let trouble = (
        prop::collection::vec(fault(), 0..7),
        1u64..6,
        prop::collection::vec((0u64..4000, happening()), 0..6),
    );
    let digest = prop_oneof![
        8 => Just(Expected::Nothing),
        3 => Just(Expected::FromPage),
        3 => Just(Expected::FromServer),
        1 => Just(Expected::Wrong),
    ];
    let page =
        (digest, rarely(0u64..3000), rarely(0u64..4000), rarely(0u64..4000), prop::bool::weighted(0.04));
    (shape, server, trouble, page).prop_map(|(shape, server, trouble, page)| {
        let (seed, size, piece, min_split, overlap, connections, fixed, (bulk, ahead)) = shape;
        let (ranges, tags, cors, conditions) = server;
        let (faults, fault_every, happenings) = trouble;
        let (digest, abort_at, quota_after, cap, locked) = page;
        Scenario {
            seed,
            size,
            piece,
            min_split,
            overlap,
            connections,
            fixed,
            bulk,
            ahead,
            ranges,
            tags,
            cors,
            conditions,
            faults,
            fault_every,
            happenings,
            digest,
            abort_at,
            quota_after,
            cap,
            locked,
        }
    })
}
