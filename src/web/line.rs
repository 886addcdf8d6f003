//! The places in the lines of uploads, one line for each origin, as browsers count connections; and who hears what each is
//! told.

use std::cell::RefCell;
use std::rc::Rc;

use crate::core::flat_map::FlatMap;
use crate::core::line::{Line, Place, Word};

type Hears = Rc<dyn Fn(Word)>;

thread_local! {
    static LINES: RefCell<Vec<(String, Line)>> = const { RefCell::new(Vec::new()) };
    static HEARS: RefCell<FlatMap<(usize, Place), Hears>> = const { RefCell::new(FlatMap::new()) };
}

/// A place in a line; dropping it leaves.
pub struct Seat(usize, Place);

impl Seat {
    /// Gets into the line of `origin` with at most `most` requests; `hear` is told when to begin and what room there is,
    /// when [`speak`] is called.
    pub fn new(origin: String, most: usize, hear: impl Fn(Word) + 'static) -> Seat {
        let at = LINES.with_borrow_mut(|lines| {
            lines.iter().position(|(other, _)| *other == origin).unwrap_or_else(|| {
                lines.push((origin, Line::default()));
                lines.len() - 1
            })
        });
        let place = with(at, |line| line.enter(most)).unwrap_or_default();
        HEARS.with_borrow_mut(|hears| hears.insert((at, place), Rc::new(hear)));
        Seat(at, place)
    }

    /// Returns its line and its place there.
    pub fn place(&self) -> (usize, Place) {
        (self.0, self.1)
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        HEARS.with_borrow_mut(|hears| drop(hears.remove(&self.place())));
        with(self.0, |line| line.leave(self.1));
        speak(self.0);
    }
}

/// Notes how many requests the one at a place would have now.
pub fn wants((at, place): (usize, Place), wants: Option<usize>) {
    with(at, |line| line.wants(place, wants));
    speak(at);
}

/// Tells everybody what a line has for them, with nothing borrowed.
pub fn speak(at: usize) {
    while let Some((place, word)) = with(at, Line::poll).flatten() {
        let hear = HEARS.with_borrow(|hears| hears.get(&(at, place)).cloned());
        if let Some(hear) = hear {
            hear(word);
        }
    }
}

fn with<T>(at: usize, look: impl FnOnce(&mut Line) -> T) -> Option<T> {
    LINES.with_borrow_mut(|lines| lines.get_mut(at).map(|(_, line)| look(line)))
}
