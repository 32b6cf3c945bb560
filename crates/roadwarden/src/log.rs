//! The log for people, on standard error: one event a line, whatever somebody sent that stands in it.

use std::fmt::{self, Debug, Write};

use tracing_subscriber::EnvFilter;
use tracing_subscriber::field::MakeExt;
use tracing_subscriber::fmt::format::{FormatFields, debug_fn};

/// Logs to standard error; `RUST_LOG` says how much, without it `default` does.
pub fn log_to_stderr(default: &str) {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(default));
    let colour =
        std::io::IsTerminal::is_terminal(&std::io::stderr()) && std::env::var_os("NO_COLOR").is_none();
    let fields = fields();
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .fmt_fields(fields)
        .with_writer(std::io::stderr)
        .with_ansi(colour)
        .init();
}

/// `message name=value …`, as it usually looks, with nothing in it that moves a cursor or begins a line.
fn fields() -> impl for<'w> FormatFields<'w> + 'static {
    debug_fn(|writer, field, value| match field.name() {
        "message" => write!(writer, "{}", OneLine(value)),
        name => write!(writer, "{}={}", name.strip_prefix("r#").unwrap_or(name), OneLine(value)),
    })
    .delimited(" ")
}

/// A value with its line breaks, control characters and marks of writing direction escaped.
struct OneLine<'v>(&'v dyn Debug);

impl fmt::Display for OneLine<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(Escaping(f), "{:?}", self.0)
    }
}

struct Escaping<'f, 'b>(&'f mut fmt::Formatter<'b>);

impl Write for Escaping<'_, '_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        text.chars().try_for_each(|c| match is_plain(c) {
            true => self.0.write_char(c),
            false => write!(self.0, "{}", c.escape_default()),
        })
    }
}

/// Not so: C0 and C1 controls, separators of lines and paragraphs, marks that reorder what is shown, a byte order mark.
fn is_plain(c: char) -> bool {
    let moves =
        matches!(c, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}');
    !c.is_control() && !moves
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::sync::{Arc, Mutex};

    use super::*;

    #[derive(Clone, Default)]
    struct Buffer(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Buffer {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner).extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn logged(work: impl FnOnce()) -> String {
        let buffer = Buffer::default();
        let writer = buffer.clone();
        let subscriber = tracing_subscriber::fmt()
            .fmt_fields(fields())
            .with_writer(move || writer.clone())
            .with_ansi(false)
            .without_time()
            .finish();
        tracing::subscriber::with_default(subscriber, work);
        let bytes = buffer.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner).clone();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    #[test]
    fn what_somebody_sent_stays_in_its_line() {
        let plate = "藏A1\r\n2026-01-01T00:00:00Z ERROR forged\x1b[2J\u{9b}31m\u{202e}\u{2028}\t\0";
        let escaped = r"藏A1\r\n2026-01-01T00:00:00Z ERROR forged\u{1b}[2J\u{9b}31m\u{202e}\u{2028}\t\u{0}";
        let text = logged(|| {
            let span = tracing::info_span!("connection", peer = %plate);
            span.in_scope(|| tracing::info!(%plate, r#type = 7, "no such plate: {plate}"));
        });
        let head = " INFO connection{peer=ESCAPED}: roadwarden::log::tests: no such plate: ESCAPED plate=ESCAPED type=7\n";
        assert_eq!(text, head.replace("ESCAPED", escaped));
        let quoted = logged(|| tracing::info!(plate, debug = ?plate, "quoted"));
        assert_eq!(quoted.matches('\n').count(), 1, "{quoted}");
        assert!(!quoted.trim_end().chars().any(|c| !is_plain(c)), "{quoted}");
    }
}
