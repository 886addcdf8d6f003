//! The lines of uploads, one for each origin, as browsers count connections; and the places in them.

use std::cell::RefCell;
use std::rc::Rc;

use crate::core::line::{Line, Place, Word};

/// Who hears what it is told.
type Hears = Rc<dyn Fn(Word)>;
type Shared = Rc<RefCell<Line<Hears>>>;

thread_local! {
    static LINES: RefCell<Vec<(String, Shared)>> = const { RefCell::new(Vec::new()) };
}

/// A place in a line; dropping it leaves.
pub struct Seat(Shared, Place);

impl Seat {
    /// Gets into the line of `origin` with at most `most` requests; `hear` is told when to begin and what room there is,
    /// by [`Seat::speak`] at first.
    pub fn new(origin: String, most: usize, hear: Hears) -> Seat {
        let line = LINES.with_borrow_mut(|lines| {
            let known = lines.iter().find(|(other, _)| *other == origin).map(|(_, line)| line.clone());
            known.unwrap_or_else(|| {
                let line = Shared::default();
                lines.push((origin, line.clone()));
                line
            })
        });
        let place = line.borrow_mut().enter(hear, most);
        Seat(line, place)
    }

    /// Notes how many requests it would have now.
    pub fn wants(&self, wants: Option<usize>) {
        self.0.borrow_mut().wants(self.1, wants);
        self.speak();
    }

    /// Tells everybody what the line has for them, with nothing borrowed.
    pub fn speak(&self) {
        loop {
            let next = self.0.borrow_mut().poll();
            let Some((hear, word)) = next else { return };
            hear(word);
        }
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.0.borrow_mut().leave(self.1);
        self.speak();
    }
}
