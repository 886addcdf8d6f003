//! The places in the engine's line of uploads, and who hears what each is told.

use std::cell::RefCell;
use std::rc::Rc;

use crate::core::flat_map::FlatMap;
use crate::core::line::{Line, Place, Word};

type Hears = Rc<dyn Fn(Word)>;

thread_local! {
    static LINE: RefCell<Line> = RefCell::default();
    static HEARS: RefCell<FlatMap<Place, Hears>> = const { RefCell::new(FlatMap::new()) };
}

/// A place in the line; dropping it leaves.
pub struct Seat(Place);

impl Seat {
    /// Gets into the line with at most `most` requests; `hear` is told when to begin and what room there is, not before
    /// this returns.
    pub fn new(most: usize, hear: impl Fn(Word) + 'static) -> Seat {
        let place = LINE.with_borrow_mut(|line| line.enter(most));
        HEARS.with_borrow_mut(|hears| hears.insert(place, Rc::new(hear)));
        Seat(place)
    }

    /// Returns its place.
    pub fn place(&self) -> Place {
        self.0
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        HEARS.with_borrow_mut(|hears| drop(hears.remove(&self.0)));
        LINE.with_borrow_mut(|line| line.leave(self.0));
        speak();
    }
}

/// Notes how many requests the one at `place` would have now.
pub fn wants(place: Place, wants: Option<usize>) {
    LINE.with_borrow_mut(|line| line.wants(place, wants));
    speak();
}

/// Tells everybody what the line has for them, with nothing borrowed.
pub fn speak() {
    while let Some((place, word)) = LINE.with_borrow_mut(Line::poll) {
        let hear = HEARS.with_borrow(|hears| hears.get(&place).cloned());
        if let Some(hear) = hear {
            hear(word);
        }
    }
}
