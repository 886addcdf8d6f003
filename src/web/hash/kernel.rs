//! The digests' module, instantiated on this engine's own memory.

use std::cell::RefCell;
use std::rc::Rc;

use js_sys::Uint8Array;

use crate::core::md5::{BLOCK, Kernel, LANES, LaneKernel, Lanes, Portable, State, assembly};
use crate::web::object::{get, object};
use crate::web::sys::{self, Digester};
use crate::web::task::promised;

thread_local! {
    static KERNEL: RefCell<Option<Rc<dyn Kernel>>> = const { RefCell::new(None) };
}

/// Returns the fastest kernel that runs here: the module, without SIMD what of it needs none, or the md-5 crate.
pub async fn kernel() -> Rc<dyn Kernel> {
    let known = KERNEL.with_borrow(Option::clone);
    if let Some(kernel) = known {
        return kernel;
    }
    let kernel: Rc<dyn Kernel> = if let Some(digester) = instantiate(&assembly::module()).await {
        Rc::new(Assembled { digester, has_lanes: true })
    } else if let Some(digester) = instantiate(&assembly::module_without_vectors()).await {
        Rc::new(Assembled { digester, has_lanes: false })
    } else {
        Rc::new(Portable)
    };
    KERNEL.set(Some(kernel.clone()));
    kernel
}

async fn instantiate(module: &[u8]) -> Option<Digester> {
    let imports = object(&[("env", object(&[("memory", wasm_bindgen::memory())]))]);
    let module = Uint8Array::from(module);
    // Not by its constructors, which some browsers refuse to pages for more than 4 KB.
    let made = promised(sys::instantiate(&module, &imports).ok()?).await.ok()?;
    Some(wasm_bindgen::JsCast::unchecked_into(get(&get(&made, "instance")?, "exports")?))
}

/// The module's functions. They take addresses: Rust's memory is theirs.
struct Assembled {
    digester: Digester,
    has_lanes: bool,
}

fn address<T>(of: *const T) -> u32 {
    of as usize as u32
}

impl Kernel for Assembled {
    fn chain(&self, state: &mut State, bytes: &[u8]) {
        let blocks = bytes.len() / BLOCK;
        self.digester.chain(address(state.as_mut_ptr()), address(bytes.as_ptr()), blocks as u32);
    }

    fn pair(&self, one: &mut State, other: &mut State, bytes: &[u8]) {
        let (one, other) = (address(one.as_mut_ptr()), address(other.as_mut_ptr()));
        self.digester.pair(one, other, address(bytes.as_ptr()), (bytes.len() / BLOCK) as u32);
    }

    fn lanes(&self) -> Option<&dyn LaneKernel> {
        if self.has_lanes { Some(self) } else { None }
    }
}

impl LaneKernel for Assembled {
    fn group(&self, state: &mut State, lanes: &mut Lanes, group: &[u8], done: usize, steps: usize) {
        let at = |blocks: usize| address(group.as_ptr()) + (BLOCK * blocks) as u32;
        let (state, lanes) = (address(state.as_mut_ptr()), address(lanes.as_mut_ptr()));
        let stride = (group.len() / LANES) as u32;
        self.digester.group(state, lanes, at(LANES * done), at(done), stride, steps as u32);
    }
}
