//! How much is sent to a department again at a time, so that one that is away does not fill the broker with the same alerts.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use fleet::AlertId;

/// Alerts sent to one department again and not answered. While it answers, each answer makes room for another; where it is
/// silent, the room comes back after a pause that doubles each time.
#[derive(Debug)]
pub(crate) struct Window {
    /// When each was handed over, and when it no longer counts.
    out: BTreeMap<AlertId, (Instant, Instant)>,
    pause: Duration,
    /// When the department last answered, or the pause last grew.
    turned: Option<Instant>,
    is_silent: bool,
}

/// What changed about a department.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Turn {
    /// It gives receipts again.
    Back,
    /// What was sent again was not answered either.
    Silent,
}

/// How long a pause is, and how many are out at once.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bounds {
    pub(crate) after: Duration,
    pub(crate) pause_max: Duration,
    pub(crate) in_flight: usize,
}

impl Window {
    pub(crate) const fn new(bounds: &Bounds) -> Self {
        Self { out: BTreeMap::new(), pause: bounds.after, turned: None, is_silent: false }
    }

    /// Takes back what was not answered in time. Room is then [`Self::room`].
    pub(crate) fn handle_timeout(&mut self, now: Instant, bounds: &Bounds) -> Option<Turn> {
        let turned = self.turned;
        let mut is_unanswered = false;
        self.out.retain(|_, (sent, until)| {
            let is_over = *until <= now;
            // What went out before the last answer, or before the pause grew, says nothing new.
            is_unanswered |= is_over && turned.is_none_or(|turned| *sent >= turned);
            !is_over
        });
        if !is_unanswered {
            return None;
        }
        self.pause = self.pause.saturating_mul(2).min(bounds.pause_max);
        self.turned = Some(now);
        (!std::mem::replace(&mut self.is_silent, true)).then_some(Turn::Silent)
    }

    /// How many more may go.
    pub(crate) fn room(&self, bounds: &Bounds) -> usize {
        bounds.in_flight.saturating_sub(self.out.len())
    }

    /// Whether it went out and counts.
    pub(crate) fn holds(&self, alert: AlertId) -> bool {
        self.out.contains_key(&alert)
    }

    /// It goes out again.
    pub(crate) fn handle_sent(&mut self, now: Instant, alert: AlertId) {
        self.out.insert(alert, (now, now + self.pause));
    }

    /// The department has it.
    pub(crate) fn handle_receipt(&mut self, now: Instant, alert: AlertId, bounds: &Bounds) -> Option<Turn> {
        self.out.remove(&alert);
        self.pause = bounds.after;
        self.turned = Some(now);
        std::mem::take(&mut self.is_silent).then_some(Turn::Back)
    }

    /// The link was lost: what was on its way counts no more.
    pub(crate) fn clear(&mut self) {
        self.out.clear();
    }
}

#[cfg(test)]
mod tests {
    use fleet::{EventTime, RuleId, TerminalId};

    use super::*;

    const BOUNDS: Bounds =
        Bounds { after: Duration::from_secs(10), pause_max: Duration::from_secs(35), in_flight: 3 };

    fn alert(number: i64) -> AlertId {
        let terminal = TerminalId::parse("13800000001").unwrap();
        AlertId::derive(terminal, RuleId::SOS, "", EventTime::from_ms(number))
    }

    fn fill(window: &mut Window, now: Instant, next: &mut i64) -> usize {
        let room = window.room(&BOUNDS);
        for _ in 0..room {
            window.handle_sent(now, alert(*next));
            *next += 1;
        }
        room
    }

    #[test]
    fn a_silent_department_gets_a_handful_after_growing_pauses() {
        let (began, mut window, mut next) = (Instant::now(), Window::new(&BOUNDS), 0);
        // Each second of 200; a window of 10, 20, 35, 35 … seconds.
        let mut went = Vec::new();
        let mut turns = Vec::new();
        for second in 0..200 {
            let now = began + Duration::from_secs(second);
            turns.extend(window.handle_timeout(now, &BOUNDS).map(|turn| (second, turn)));
            if fill(&mut window, now, &mut next) > 0 {
                went.push(second);
            }
        }
        assert_eq!(went, [0, 10, 30, 65, 100, 135, 170]);
        assert_eq!(turns, [(10, Turn::Silent)]);
        assert_eq!(next, 7 * 3);
    }

    #[test]
    fn each_receipt_makes_room_and_ends_the_silence() {
        let (began, mut window, mut next) = (Instant::now(), Window::new(&BOUNDS), 0);
        let at = |seconds| began + Duration::from_secs(seconds);
        fill(&mut window, began, &mut next);
        assert_eq!(window.handle_timeout(at(9), &BOUNDS), None);
        assert_eq!(window.room(&BOUNDS), 0);
        assert_eq!(window.handle_receipt(at(9), alert(1), &BOUNDS), None, "it was not silent");
        assert_eq!((window.room(&BOUNDS), window.holds(alert(0)), window.holds(alert(1))), (1, true, false));
        // The other two went out before that answer: their end is no silence.
        assert_eq!(window.handle_timeout(at(10), &BOUNDS), None);
        assert_eq!(window.room(&BOUNDS), 3);
        fill(&mut window, at(10), &mut next);
        assert_eq!(window.handle_timeout(at(20), &BOUNDS), Some(Turn::Silent));
        fill(&mut window, at(20), &mut next);
        // Of something else, and for the first time: it speaks.
        assert_eq!(window.handle_receipt(at(21), alert(77), &BOUNDS), Some(Turn::Back));
        assert_eq!(window.handle_timeout(at(40), &BOUNDS), None);
        fill(&mut window, at(40), &mut next);
        assert_eq!(window.room(&BOUNDS), 0);
        window.handle_timeout(at(50), &BOUNDS);
        assert_eq!(window.room(&BOUNDS), 3, "the pause is the short one again");
        window.handle_sent(at(50), alert(0));
        window.clear();
        assert_eq!(window.room(&BOUNDS), 3);
    }
}
