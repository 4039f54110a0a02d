//! The border: the four functions of the table over any [`Plugin`]. No panic leaves them.

use std::any::Any;
use std::ffi::c_char;
use std::marker::PhantomData;
use std::mem::ManuallyDrop;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Once};

use fusion_core::model::chat::Fault;

use crate::abi::{self, Bytes, CallId, Instance, MESSAGE_LEN, Status, Table};
use crate::host::Host;
use crate::plugin::{Plugin, Setup};
use crate::serve::Asked;
use crate::tasks::{Running, say, trouble};

/// Exports a provider that is a [`Plugin`] as the plugin of this library, called like its package; or by another name:
/// `export_provider!(Mine, "my-models")`. Once in a crate of the type `cdylib`.
#[macro_export]
macro_rules! export_provider {
    ($provider:ty) => {
        $crate::export_provider!(@ $provider, concat!(env!("CARGO_PKG_NAME"), "\0"));
    };
    ($provider:ty, $name:literal) => {
        $crate::export_provider!(@ $provider, concat!($name, "\0"));
    };
    (@ $provider:ty, $name:expr) => {
        #[cfg(panic = "abort")]
        compile_error!("a plugin has to be built with `panic = \"unwind\"`: one that aborts takes its host along");

        const _: () = {
            static TABLE: $crate::abi::Table =
                $crate::Exported::<$provider>::table($name, concat!(env!("CARGO_PKG_VERSION"), "\0"));

            #[unsafe(no_mangle)]
            extern "C" fn fusion_plugin_entry() -> *const $crate::abi::Table {
                &raw const TABLE
            }
        };
    };
}

/// The table of a [`Plugin`]; [`export_provider!`](crate::export_provider) uses it.
#[derive(Debug)]
pub struct Exported<P>(PhantomData<P>);

impl<P: Plugin> Exported<P> {
    /// Makes the table. Both texts end with a zero.
    ///
    /// # Panics
    /// While it is compiled, when a text has no zero at its end.
    pub const fn table(name: &'static str, version: &'static str) -> Table {
        assert!(ends(name.as_bytes()) && ends(version.as_bytes()), "a text has no zero at its end");
        Table {
            size: Table::SIZE,
            abi: abi::ABI,
            ops: 31,
            flags: abi::QUICK,
            name: name.as_ptr().cast(),
            version: version.as_ptr().cast(),
            create: Some(create::<P>),
            destroy: Some(destroy::<P>),
            start: Some(start::<P>),
            cancel: Some(cancel::<P>),
        }
    }
}

const fn ends(text: &[u8]) -> bool {
    matches!(text, [.., 0])
}

/// An opened provider with the calls that go on: what `fusion_instance` points to.
struct Opened<P> {
    host: Host,
    provider: P,
    running: Arc<Running>,
}

unsafe extern "C" fn create<P: Plugin>(
    host: *const abi::Host,
    config: Bytes,
    out: *mut *mut Instance,
    message: *mut c_char,
) -> Status {
    // SAFETY: the host gives its table.
    let Some(host) = (unsafe { Host::new(host) }) else {
        let text = "the plugin is for another version of the host";
        // SAFETY: the host gives a buffer of `MESSAGE_LEN` bytes.
        unsafe { write(message, text) };
        return Status::INVALID;
    };
    let open = || {
        tell_panics(host);
        // SAFETY: the configuration is lent until this function returns.
        let config = unsafe { config.look(usize::MAX) }.unwrap_or_default();
        P::open(&Setup::new(host, config))
    };
    match catch_unwind(AssertUnwindSafe(open)).unwrap_or_else(|panic| Err(panicked(&*panic))) {
        Ok(provider) => {
            let opened = Arc::new(Opened { host, provider, running: Arc::default() });
            // SAFETY: the host gives a place for the pointer; `destroy` takes the reference back.
            unsafe { out.write(Arc::into_raw(opened).cast_mut().cast()) };
            Status::OK
        }
        Err(fault) => {
            // SAFETY: the host gives a buffer of `MESSAGE_LEN` bytes.
            unsafe { write(message, fault.message()) };
            Status::of(fault.kind())
        }
    }
}

unsafe extern "C" fn destroy<P: Plugin>(instance: *mut Instance) {
    // SAFETY: it is what `create` gave, and the host gives it back once.
    let opened = unsafe { Arc::from_raw(instance.cast_const().cast::<Opened<P>>()) };
    drop(catch_unwind(AssertUnwindSafe(move || drop(opened))));
}

unsafe extern "C" fn start<P: Plugin>(
    instance: *mut Instance,
    request: *const abi::Request,
) -> Status {
    // SAFETY: the host gives an instance that is not destroyed; its reference stays with the host.
    let opened =
        unsafe { ManuallyDrop::new(Arc::from_raw(instance.cast_const().cast::<Opened<P>>())) };
    // SAFETY: the host lends the request until this function returns.
    let request = unsafe { &*request };
    let begin = || {
        let (id, host, held) = (request.call, opened.host, Arc::clone(&opened));
        // SAFETY: as above.
        match unsafe { Asked::read(host, request) } {
            Ok(asked) => {
                let work = async move { asked.serve(&held.provider, id).await };
                opened.running.begin(host, id, work);
            }
            Err(fault) => host.complete(id, Err(fault)),
        }
    };
    // The futures catch what they do; what is caught here was before the first of them.
    if let Err(panic) = catch_unwind(AssertUnwindSafe(begin)) {
        opened.host.complete(request.call, Err(panicked(&*panic)));
    }
    Status::OK
}

unsafe extern "C" fn cancel<P: Plugin>(instance: *mut Instance, call: CallId) {
    // SAFETY: as for `start`.
    let opened =
        unsafe { ManuallyDrop::new(Arc::from_raw(instance.cast_const().cast::<Opened<P>>())) };
    drop(catch_unwind(AssertUnwindSafe(|| opened.running.cancel(call))));
}

fn panicked(panic: &(dyn Any + Send)) -> Fault {
    trouble(&format!("panicked: {}", say(panic)))
}

/// Lets panics be told in the host's log: a plugin has its own copy of the standard library, so the host's hook sees none.
fn tell_panics(host: Host) {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        std::panic::set_hook(Box::new(move |panic| host.log(1, &panic.to_string())));
    });
}

/// Writes a message with a zero at its end, cut to the room that there is.
///
/// # Safety
/// `into` has room for `MESSAGE_LEN` bytes, or is null.
unsafe fn write(into: *mut c_char, text: &str) {
    if into.is_null() {
        return;
    }
    let mut len = text.len().min(MESSAGE_LEN - 1);
    while !text.is_char_boundary(len) {
        len -= 1;
    }
    // SAFETY: `len` and the zero fit into the buffer.
    unsafe {
        std::ptr::copy_nonoverlapping(text.as_ptr(), into.cast::<u8>(), len);
        into.add(len).write(0);
    }
}

/// The page about plugins: its program is compiled.
#[cfg(doctest)]
#[doc = include_str!("../../docs/plugins.md")]
struct Page;
