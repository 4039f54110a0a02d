//! The command: the page once, or again and again while somebody watches.

use std::io::IsTerminal as _;
use std::path::Path;

use fusion_core::Fusion;
use fusion_core::error::{Code, Error, Result};
use serde_json::json;

use super::gather::{gather, plans};
use super::overview::Overview;
use super::screen::{Screen, Wish};
use super::view::view;
use crate::args::{Dashboard, Global};
use crate::command::team::open;
use crate::project::{Need, root};
use crate::render::Out;

/// How wide a page is that is printed: no wider, for people who read it in a file.
const COLUMNS: usize = 80;
/// The least time between two looks at a busy store, in milliseconds.
const BREATH_MS: u64 = 250;

/// Prints it, or shows it until somebody has seen enough.
pub(crate) async fn dashboard(args: &Dashboard, global: &Global, out: &Out) -> Result<u8> {
    let project = root()?;
    let fusion = match open(global, Need::Reading).await {
        // A project in which nothing ran yet has its plans.
        Err(error) if error.code() == Code::StoreOpen && global.store.is_none() && !args.watch => {
            print(&plans(&project), out);
            return Ok(0);
        }
        opened => opened?,
    };
    let done = if args.watch {
        watch(&fusion, (&project, args), out).await
    } else {
        gather(&fusion, &fusion.status(false).await?.url, &project)
            .await
            .map(|overview| print(&overview, out))
    };
    fusion.close().await?;
    done.map(|()| 0)
}

fn print(overview: &Overview, out: &Out) {
    if out.json {
        return Out::value(&json!(overview));
    }
    for row in view(overview, COLUMNS) {
        let line = row.iter().fold(out.line(), |line, (color, text)| line.paint(*color, text));
        Out::print(&line);
    }
}

async fn watch(fusion: &Fusion, (project, args): (&Path, &Dashboard), out: &Out) -> Result<()> {
    if out.json || !std::io::stdout().is_terminal() || !std::io::stdin().is_terminal() {
        return Err(Error::new(Code::InvalidInput, "`--watch` needs a terminal")
            .hint("leave it out to print the page once; `--json` gives it to programs"));
    }
    let (env, store) = (fusion.env(), fusion.status(false).await?.url);
    let mut bell = fusion.store().bus().listen(&["stream/*", "queue/*"]);
    let (mut screen, mut wishes) = Screen::open(&env)?;
    let mut from = 0_usize;
    loop {
        let overview = gather(fusion, &store, project).await?;
        let seen = env.monotonic_ns();
        let wish = loop {
            let rows = view(&overview, screen.width());
            from = from.min(rows.len().saturating_sub(screen.height()));
            screen.show(&rows, from)?;
            let latest = env.sleep_until(seen.saturating_add(ns(args.interval)));
            let heard = async {
                bell.heard().await;
                env.sleep_until(seen.saturating_add(ns(BREATH_MS))).await;
            };
            let wish = tokio::select! {
                biased;
                wish = wishes.recv() => wish.unwrap_or(Wish::Leave),
                () = heard => Wish::Refresh,
                () = latest => Wish::Refresh,
            };
            match wish {
                Wish::Scroll(by) => {
                    let by_rows = usize::try_from(by.unsigned_abs()).unwrap_or(usize::MAX);
                    from = if by < 0 {
                        from.saturating_sub(by_rows)
                    } else {
                        from.saturating_add(by_rows)
                    };
                }
                Wish::Resized => {}
                Wish::Leave | Wish::Refresh => break wish,
            }
        };
        if wish == Wish::Leave {
            return Ok(());
        }
    }
}

fn ns(ms: u64) -> u64 {
    ms.saturating_mul(1_000_000)
}
