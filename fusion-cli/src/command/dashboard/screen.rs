//! The terminal: what is laid out is shown, keys are heard.

use std::io::Stdout;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use fusion_core::contract::Env;
use fusion_core::error::{Code, Error, Result};
use ratatui::Terminal;
use ratatui::backend::CrosstermBackend;
use ratatui::crossterm::event::{self, Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers};
use ratatui::crossterm::execute;
use ratatui::crossterm::terminal::{
    EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode,
};
use ratatui::layout::Rect;
use ratatui::style::{Color as Shade, Modifier, Style};
use ratatui::text::{Line, Span, Text};
use tokio::sync::mpsc;

use super::view::Piece;
use crate::render::Color;

/// How long keys are waited for until somebody looks whether the page is still wanted.
const LOOK: Duration = Duration::from_millis(100);

/// What a person wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wish {
    /// To leave.
    Leave,
    /// To see it anew, now.
    Refresh,
    /// To see rows further down, or up.
    Scroll(i32),
    /// Nothing: the terminal has another size.
    Resized,
}

/// The terminal while the page has it; what was there before comes back.
pub(super) struct Screen {
    terminal: Terminal<CrosstermBackend<Stdout>>,
    over: Arc<AtomicBool>,
}

fn refused(error: std::io::Error) -> Error {
    Error::new(Code::Internal, "the terminal cannot be used")
        .because(error)
        .hint("`fusion dashboard --once` prints the page as text")
}

impl Screen {
    /// Takes the terminal, and gives what the person wants from now on.
    pub(super) fn open(env: &Arc<dyn Env>) -> Result<(Self, mpsc::Receiver<Wish>)> {
        enable_raw_mode().map_err(refused)?;
        execute!(std::io::stdout(), EnterAlternateScreen).map_err(refused)?;
        let terminal = Terminal::new(CrosstermBackend::new(std::io::stdout())).map_err(refused)?;
        let (send, wishes) = mpsc::channel(16);
        let over = Arc::new(AtomicBool::new(false));
        let screen = Self { terminal, over: over.clone() };
        env.blocking(Box::new(move || hear(&send, &over)));
        Ok((screen, wishes))
    }

    /// How many columns there are.
    pub(super) fn width(&self) -> usize {
        self.terminal.size().map_or(80, |size| size.width.into())
    }

    /// How many rows fit above the last one, which says what keys do.
    pub(super) fn height(&self) -> usize {
        self.terminal.size().map_or(24, |size| usize::from(size.height).saturating_sub(1))
    }

    /// Shows rows from a place on.
    pub(super) fn show(&mut self, rows: &[Vec<Piece>], from: usize) -> Result<()> {
        let lines: Vec<Line<'_>> = rows.iter().skip(from).map(|row| line(row)).collect();
        let keys = Line::styled(" q quit  ↑↓ scroll  r now", style(Color::Dim));
        let drawn = self.terminal.draw(|frame| {
            let whole = frame.area();
            let body = Rect { height: whole.height.saturating_sub(1), ..whole };
            frame.render_widget(Text::from(lines), body);
            let foot = Rect { y: whole.bottom().saturating_sub(1), height: 1, ..whole };
            frame.render_widget(keys, foot.intersection(whole));
        });
        drawn.map(drop).map_err(refused)
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
        let _ = execute!(std::io::stdout(), LeaveAlternateScreen);
        let _ = disable_raw_mode();
        let _ = self.terminal.show_cursor();
    }
}

fn line(row: &[Piece]) -> Line<'_> {
    row.iter().map(|(color, text)| Span::styled(text.as_str(), style(*color))).collect()
}

fn style(color: Color) -> Style {
    let shade = match color {
        Color::Plain => return Style::new(),
        Color::Dim => return Style::new().add_modifier(Modifier::DIM),
        Color::Red => Shade::Red,
        Color::Green => Shade::Green,
        Color::Yellow => Shade::Yellow,
        Color::Cyan => Shade::Cyan,
    };
    Style::new().fg(shade)
}

fn hear(wishes: &mpsc::Sender<Wish>, over: &AtomicBool) {
    while !over.load(Ordering::Relaxed) {
        let wish = match event::poll(LOOK) {
            Ok(true) => event::read().ok().and_then(|event| wish(&event)),
            Ok(false) => None,
            // The terminal is gone.
            Err(_) => Some(Wish::Leave),
        };
        if wish.is_some_and(|wish| wishes.blocking_send(wish).is_err()) {
            return;
        }
    }
}

fn wish(event: &Event) -> Option<Wish> {
    match event {
        Event::Resize(..) => Some(Wish::Resized),
        Event::Key(key) if key.kind != KeyEventKind::Release => of_key(*key),
        _ => None,
    }
}

fn of_key(key: KeyEvent) -> Option<Wish> {
    let is_control = key.modifiers.contains(KeyModifiers::CONTROL);
    Some(match key.code {
        KeyCode::Char('c' | 'd') if is_control => Wish::Leave,
        KeyCode::Char('q') | KeyCode::Esc => Wish::Leave,
        KeyCode::Char('r') => Wish::Refresh,
        KeyCode::Char('j') | KeyCode::Down => Wish::Scroll(1),
        KeyCode::Char('k') | KeyCode::Up => Wish::Scroll(-1),
        KeyCode::PageDown | KeyCode::Char(' ') => Wish::Scroll(10),
        KeyCode::PageUp => Wish::Scroll(-10),
        KeyCode::Home | KeyCode::Char('g') => Wish::Scroll(i32::MIN),
        KeyCode::End | KeyCode::Char('G') => Wish::Scroll(i32::MAX),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_mean_what_they_say() {
        let press = |code, with| wish(&Event::Key(KeyEvent::new(code, with)));
        let none = KeyModifiers::NONE;
        assert_eq!(press(KeyCode::Char('q'), none), Some(Wish::Leave));
        assert_eq!(press(KeyCode::Char('c'), KeyModifiers::CONTROL), Some(Wish::Leave));
        assert_eq!(press(KeyCode::Char('c'), none), None);
        assert_eq!(press(KeyCode::Down, none), Some(Wish::Scroll(1)));
        assert_eq!(wish(&Event::Resize(3, 4)), Some(Wish::Resized));
    }
}
