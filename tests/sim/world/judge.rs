//! Judges how a schedule ended: in the right bytes, or in an error that the scenario justifies.

use xuchuan::core::error::{Error, Kind};
use xuchuan::core::upload::{Input, Outcome, Restored};

use super::{EXT, End, World};
use crate::sim::scenario::{Fate, Scenario, Turn};
use crate::sim::server;

impl World<'_> {
    /// Judges the end.
    pub(super) fn judge(mut self, missing: (u64, u64)) -> Result<End, String> {
        for late in
            [Input::Resume, Input::Online(true), Input::Wake, Input::Start(Restored::Nothing), Input::Abort]
        {
            self.input(late)?;
        }
        // A wait that was ordered, a chunk that stalled twice, and two servers that never finish a file.
        let slack = 2 * self.scenario.budget + 1_000_000 + self.slept();
        check!(self.charged <= self.scenario.budget + slack, "it took {} ms to end", self.charged);
        match self.settled.clone() {
            None => Err("not settled".into()),
            Some(Ok(outcome)) => {
                self.judge_outcome(&outcome, missing)?;
                Ok(End::Done)
            }
            Some(Err(error)) => {
                let kind = error.kind;
                self.judge_error(&error).map_err(|why| format!("{why}: {error}; {:?}", self.seen))?;
                Ok(if kind == Kind::Aborted { End::Aborted } else { End::Failed(kind) })
            }
        }
    }

    fn judge_outcome(&self, outcome: &Outcome, (plain, indexed): (u64, u64)) -> Result<(), String> {
        let id = outcome.file_id.to_string();
        check!(outcome.url == server::url(&id, EXT), "a wrong URL: {}", outcome.url);
        let held = self.named.get(&id);
        check!(held.is_some(), "done, but the server has no such file");
        check!(self.disk.iter().any(|version| Some(version) == held), "done with other bytes");
        check!(self.confirmed == outcome.size, "done at {} of {}", self.confirmed, outcome.size);
        if self.scenario.is_peaceful() {
            let missing = if self.indexed { indexed } else { plain };
            check!(self.chunk_bytes == missing, "{} bytes sent for {missing}", self.chunk_bytes);
            let missing = missing * self.scenario.scale;
            check!(outcome.reused == outcome.size - missing, "reused {} of {missing}", outcome.reused);
            let handshakes = self.sends - self.chunk_sends;
            let refused = usize::from(self.seen.refused > 0);
            let most = 2 + usize::from(self.scenario.habits.empty_once) + refused;
            check!(handshakes <= most, "{handshakes} handshakes");
        }
        Ok(())
    }

    fn judge_error(&self, error: &Error) -> Result<(), String> {
        let Scenario { never, budget, can_refresh, .. } = *self.scenario;
        let spent = never || self.charged >= budget;
        let seen = &self.seen;
        let expired = self.scenario.turns_to(|turn| *turn == Turn::Expire);
        let no = seen.refused + seen.foreign;
        let justified = match error.kind {
            Kind::FileChanged => self.disk.len() > 1,
            Kind::FileUnreadable => !self.readable,
            Kind::Network => seen.lost > 0 && spent,
            // Offline costs nothing of the budget, so only who never tries again learns of it.
            Kind::Offline if !never => false,
            Kind::Offline if seen.lost > 0 => true,
            Kind::Stalled | Kind::Offline => {
                let holes = |fate: &Fate| matches!(fate, Fate::Hole { .. } | Fate::Slow(_) | Fate::Head);
                let holes = self.scenario.has(holes);
                let downs = self.scenario.turns_to(|turn| matches!(turn, Turn::Down { .. } | Turn::Sleep(_)));
                (holes || downs > 0) && spent
            }
            Kind::Server => {
                (seen.busy + seen.foreign + self.server.losses > 0 && spent)
                    || no >= 2
                    || seen.empty >= 2
                    || self.server.losses >= 3
                    || (never && seen.foreign + seen.empty > 0)
            }
            Kind::Rejected => {
                no >= 2
                    || seen.corrupt >= 3
                    || (seen.unauthorized > 0 && (!can_refresh || expired >= 2))
                    || (seen.forgotten + no + seen.corrupt > 0 && spent)
            }
            Kind::Aborted => self.scenario.turns_to(|turn| *turn == Turn::Abort) > 0,
            _ => false,
        };
        check!(justified, "unjustified");
        Ok(())
    }
}
