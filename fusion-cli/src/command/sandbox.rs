//! `fusion sandbox`: the launcher of commands in a sandbox; and what of it there is here.

use std::ffi::OsString;
use std::sync::Arc;

use fusion_core::contract::Env;
use fusion_core::run::Os;
use fusion_core::workspace::{Level, Sandbox, enter};

use crate::render::Out;

/// Becomes the program, or says why not.
pub(super) fn sandbox(argv: &[OsString], out: &Out) -> u8 {
    let (code, said) = enter(argv);
    if code == 0 {
        Out::result(&said);
    } else {
        out.note(&said);
    }
    code
}

/// Looks at which layers of the sandbox there are here.
pub(super) async fn level() -> Level {
    match Os::current() {
        Some(os) => {
            let env: Arc<dyn Env> = os;
            Sandbox::new(env).level().await
        }
        None => Level::default(),
    }
}
