//! The worker's side: hears its page.

use super::alarm;
use super::message::Message;
use crate::web::listener::Listener;

/// Gives `handle` each message of the page's, but those about alarms, for as long as the worker lives.
pub fn serve(handle: impl Fn(&Message) + 'static) {
    let listener = Listener::new(&js_sys::global(), "message", move |event| {
        if let Some(message) = Message::of(&event)
            && !alarm::serve(&message)
        {
            handle(&message);
        }
    });
    // It serves until the worker ends.
    std::mem::forget(listener);
}
