//! From the parsed line to the verb.

use fusion_core::error::{Code, Error, Result};

use super::{change, list, required, show, verify};
use crate::args::{Components, ComponentsVerb as Verb, ListComponents};
use crate::project::components as registry;
use crate::render::Out;

/// Does one of them.
pub(in crate::command) async fn components(args: Components, out: &Out) -> Result<u8> {
    let registry = registry(&args.registry);
    match args.verb {
        Some(Verb::List(args)) => list::list(&args, &registry, out),
        Some(Verb::Show(args)) => show::show(&args, &registry, out),
        Some(Verb::Add(args)) if args.install_required => {
            required::required(&args.change, &registry, out).await
        }
        Some(Verb::Add(args)) => change::add(&args, &registry, out).await,
        Some(Verb::Remove(args)) => change::remove(args, &registry, out).await,
        Some(Verb::Upgrade(args)) => change::upgrade(args, &registry, out).await,
        Some(Verb::Verify(args)) => verify::verify(&args, &registry, out).await,
        Some(Verb::Tree) => show::tree(out),
        None if args.install_required && args.change.spec.is_some() => {
            required::required(&args.change, &registry, out).await
        }
        None if args.install_required => {
            let error =
                Error::new(Code::InvalidInput, "`--install-required` needs a specification");
            Err(error.hint("name its folder: `--spec specs/001-login`"))
        }
        None => {
            let args = ListComponents { category: args.category, installed: false };
            list::list(&args, &registry, out)
        }
    }
}
