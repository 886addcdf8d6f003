//! Plain JavaScript objects: made from pairs, read by name.

use js_sys::{Array, Function, Object, Reflect, Uint8Array};
use wasm_bindgen::{JsCast, JsValue};

use super::sys::tag_of;

/// Makes a plain object.
pub fn object(pairs: &[(&str, JsValue)]) -> JsValue {
    let object = Object::new();
    for (name, value) in pairs {
        set(&object, name, value);
    }
    object.into()
}

/// Sets a property of a plain object, which cannot fail.
pub fn set(object: &JsValue, name: &str, value: &JsValue) {
    let _ = Reflect::set(object, &JsValue::from_str(name), value);
}

/// Makes a number of a count or size, which is below 2^53.
pub fn number(count: u64) -> JsValue {
    JsValue::from_f64(count as f64)
}

/// Reads a property; absent, null and unreadable are all nothing.
pub fn get(object: &JsValue, name: &str) -> Option<JsValue> {
    let value = Reflect::get(object, &JsValue::from_str(name)).ok()?;
    (!value.is_undefined() && !value.is_null()).then_some(value)
}

/// Reads a property as it is; undefined where it cannot be read.
pub fn get_value(object: &JsValue, name: &str) -> JsValue {
    Reflect::get(object, &JsValue::from_str(name)).unwrap_or_default()
}

/// Calls a method by its name; fails with what it throws.
pub fn call(object: &JsValue, method: &str, arguments: &[JsValue]) -> Result<JsValue, JsValue> {
    let function: Function = Reflect::get(object, &JsValue::from_str(method))?.dyn_into()?;
    let list = Array::new();
    for argument in arguments {
        list.push(argument);
    }
    Reflect::apply(&function, object, &list)
}

/// Tells whether a value is of a `kind` of the browser's, such as `ArrayBuffer`. The same for values of another frame,
/// and where the page has put something of its own in the constructor's place: `instanceof` fails for both.
pub fn is_a(value: &JsValue, kind: &str) -> bool {
    tag_of(value).strip_prefix("[object ").and_then(|tag| tag.strip_suffix(']')) == Some(kind)
}

/// Returns the bytes of an array of bytes or of an ArrayBuffer, whatever frame they are of.
pub fn bytes(value: &JsValue) -> Option<Uint8Array> {
    if is_a(value, "Uint8Array") {
        Some(value.clone().unchecked_into())
    } else {
        is_a(value, "ArrayBuffer").then(|| Uint8Array::new(value))
    }
}

/// Reads a property of a type.
pub fn get_as<T: JsCast>(object: &JsValue, name: &str) -> Option<T> {
    get(object, name)?.dyn_into().ok()
}

/// Reads a string.
pub fn get_string(object: &JsValue, name: &str) -> Option<String> {
    get(object, name)?.as_string()
}

/// Reads a size, count or moment: a number that is whole and not negative.
pub fn get_u64(object: &JsValue, name: &str) -> Option<u64> {
    to_u64(get(object, name)?.as_f64()?)
}

/// Turns a JavaScript number into an integer; nothing if it is negative, broken, or beyond 2^53.
pub fn to_u64(number: f64) -> Option<u64> {
    ((0.0..=js_sys::Number::MAX_SAFE_INTEGER).contains(&number) && number.fract() == 0.0)
        .then_some(number as u64)
}
