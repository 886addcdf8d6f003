//! The servers there are, and where one meets them.

use std::fmt;
use std::str::FromStr;

/// A way to write a server of the protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Manner {
    /// One JSON record a file on disk, which every request reads, changes and writes back, with awaits between. Two
    /// requests at once lose what one of them changed. The first handshake's record stays for ever; the chunks are
    /// joined in the record's order once none is needed, and each is deleted once it was appended, so that an id that
    /// stands twice is not found the second time.
    ///
    /// Met in: the tutorials of this protocol (Express or Koa with multer and `fs.promises`), and what is copied from
    /// them. Their pages send one chunk after the other.
    Racy,
    /// The same, with a record that is truncated and then written piece by piece (`fs.writeFile` does so). Who reads it
    /// meanwhile gets half a JSON text, and the process ends, as Node does for a rejection that nobody handles.
    ///
    /// Met in: the same tutorials under Express 4, whose handlers may be async but whose errors nobody catches.
    Crashing,
    /// Records in a map in memory, changed without an await: right in any order, and forgotten by a restart.
    ///
    /// Met in: first versions and demonstrations, and Python or Go servers with a global dictionary.
    Memory,
    /// HTTP 200 for everything, failures included; only `code` tells.
    ///
    /// Met in: most company APIs that have an envelope of `code`, `msg` and `data`.
    AlwaysOk,
    /// `code` 200 and `msg` "success" where the protocol says 0.
    ///
    /// Met in: Spring Boot services with the usual `Result.success(data)`.
    CodeOk,
    /// Bodies above 1 MB are refused with an HTML page before they are read, and the connection is closed. Another cut
    /// of the same file starts a record of its own.
    ///
    /// Met in: any server behind nginx, whose `client_max_body_size` is 1 MB unless somebody sets it.
    SmallBodies,
    /// The same limit, and the first handshake's record stays for ever, as most servers keep it.
    SmallBodiesOldCut,
    /// The record is got from a database and put back, 50 ms for each: two requests at once lose updates.
    ///
    /// Met in: services with MySQL, MongoDB or Redis across a network, and no transaction around the two calls.
    Database,
}

impl Manner {
    /// All of them.
    pub const ALL: [Manner; 8] = [
        Manner::Racy,
        Manner::Crashing,
        Manner::Memory,
        Manner::AlwaysOk,
        Manner::CodeOk,
        Manner::SmallBodies,
        Manner::SmallBodiesOldCut,
        Manner::Database,
    ];

    /// Returns its name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Manner::Racy => "racy",
            Manner::Crashing => "crashing",
            Manner::Memory => "memory",
            Manner::AlwaysOk => "always-200",
            Manner::CodeOk => "code-200",
            Manner::SmallBodies => "small-bodies",
            Manner::SmallBodiesOldCut => "small-bodies-old-cut",
            Manner::Database => "database",
        }
    }
}

impl fmt::Display for Manner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Manner {
    type Err = String;

    fn from_str(text: &str) -> Result<Manner, String> {
        Manner::ALL.into_iter().find(|manner| manner.name() == text).ok_or_else(|| {
            format!("there is no manner `{text}`; there are {}", Manner::ALL.map(Manner::name).join(", "))
        })
    }
}
