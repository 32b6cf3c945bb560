//! Strangers and suspicions as sums: bounded, whatever comes.

use std::collections::{HashMap, HashSet};
use std::net::IpAddr;
use std::time::Duration;

use fleet::{ReceiveTime, TerminalId, Threat};
use ledger::{SECURITY_EVENTS_MAX, STRANGERS_MAX, SecurityEvent};
use session::Stranger;

/// Addresses that one sum names: the newest.
const ADDRESSES_MAX: usize = 4;
/// How often a kind of suspicion is written to the log.
const LOG_EVERY: Duration = Duration::from_secs(10);

type Kind = (Threat, Option<TerminalId>);

#[derive(Debug)]
pub(super) struct Sums {
    /// At most [`STRANGERS_MAX`].
    strangers: HashMap<String, ledger::Stranger>,
    /// At most [`SECURITY_EVENTS_MAX`].
    events: HashMap<Kind, SecurityEvent>,
    changed_strangers: HashSet<String>,
    changed_events: HashSet<Kind>,
    /// When each kind was logged last, and how many came since.
    logged: HashMap<Threat, (ReceiveTime, u64)>,
}

impl Sums {
    pub fn new(strangers: Vec<ledger::Stranger>, events: Vec<SecurityEvent>) -> Self {
        Self {
            strangers: strangers.into_iter().map(|it| (it.number.clone(), it)).collect(),
            events: events.into_iter().map(|it| ((it.threat, it.terminal), it)).collect(),
            changed_strangers: HashSet::new(),
            changed_events: HashSet::new(),
            logged: HashMap::new(),
        }
    }

    pub fn stranger(&mut self, now: ReceiveTime, stranger: Stranger, from: IpAddr) {
        let Stranger { number, claim } = stranger;
        if self.strangers.len() >= STRANGERS_MAX && !self.strangers.contains_key(&number) {
            let oldest = self.strangers.values().min_by_key(|it| it.last).map(|it| it.number.clone());
            oldest.iter().for_each(|number| {
                self.strangers.remove(number);
                self.changed_strangers.remove(number);
            });
        }
        let entry = self.strangers.entry(number.clone()).or_insert_with(|| ledger::Stranger {
            number: number.clone(),
            plate: String::new(),
            device: String::new(),
            maker: String::new(),
            address: String::new(),
            first: now,
            last: now,
            tries: 0,
        });
        if let Some(claim) = claim {
            (entry.plate, entry.device, entry.maker) = (claim.plate, claim.device, claim.maker);
        }
        entry.address = from.to_string();
        entry.last = now;
        entry.tries = entry.tries.saturating_add(1);
        self.changed_strangers.insert(number);
    }

    /// One more; gives how many of its kind the log has to hear of, where it is time.
    pub fn suspicious(
        &mut self,
        now: ReceiveTime,
        threat: Threat,
        terminal: Option<TerminalId>,
        from: &[IpAddr],
    ) -> Option<u64> {
        let kind = (threat, terminal);
        if self.events.len() >= SECURITY_EVENTS_MAX && !self.events.contains_key(&kind) {
            let oldest = self.events.values().min_by_key(|it| it.last).map(|it| (it.threat, it.terminal));
            oldest.iter().for_each(|kind| {
                self.events.remove(kind);
                self.changed_events.remove(kind);
            });
        }
        let event = self.events.entry(kind).or_insert_with(|| SecurityEvent {
            threat,
            terminal,
            addresses: Vec::new(),
            first: now,
            last: now,
            count: 0,
        });
        for address in from.iter().map(ToString::to_string) {
            event.addresses.retain(|known| *known != address);
            event.addresses.push(address);
        }
        let surplus = event.addresses.len().saturating_sub(ADDRESSES_MAX);
        event.addresses.drain(..surplus);
        event.last = now;
        event.count = event.count.saturating_add(1);
        self.changed_events.insert(kind);
        self.due(now, threat)
    }

    /// What has changed since the last call.
    pub fn take_changed(&mut self) -> (Vec<ledger::Stranger>, Vec<SecurityEvent>) {
        let numbers = std::mem::take(&mut self.changed_strangers);
        let kinds = std::mem::take(&mut self.changed_events);
        let strangers = numbers.iter().filter_map(|number| self.strangers.get(number).cloned());
        let events = kinds.iter().filter_map(|kind| self.events.get(kind).cloned());
        (strangers.collect(), events.collect())
    }

    fn due(&mut self, now: ReceiveTime, threat: Threat) -> Option<u64> {
        let Some((last, since)) = self.logged.get_mut(&threat) else {
            self.logged.insert(threat, (now, 0));
            return Some(1);
        };
        *since += 1;
        if now.since(*last) < LOG_EVERY {
            return None;
        }
        *last = now;
        Some(std::mem::take(since))
    }
}

#[cfg(test)]
mod tests {
    use session::Claim;

    use super::*;

    const FROM: [IpAddr; 1] = [IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 1))];

    fn at(seconds: i64) -> ReceiveTime {
        ReceiveTime::from_ms(seconds * 1_000)
    }

    #[test]
    fn attempts_are_added_up_and_what_was_claimed_is_kept() {
        let mut sums = Sums::new(Vec::new(), Vec::new());
        let claim = Claim { plate: "藏A12345".into(), device: "D".into(), maker: "M".into() };
        for (second, claim) in [(1, None), (2, Some(claim)), (3, None)] {
            sums.stranger(at(second), Stranger { number: "139".into(), claim }, FROM[0]);
        }
        let (strangers, _) = sums.take_changed();
        let [it] = strangers.as_slice() else { panic!("{strangers:?}") };
        assert_eq!((it.plate.as_str(), it.first, it.last, it.tries), ("藏A12345", at(1), at(3), 3));
        assert_eq!(sums.take_changed(), (vec![], vec![]));
    }

    #[test]
    fn any_number_of_strangers_and_suspicions_stays_within_the_bounds() {
        let mut sums = Sums::new(Vec::new(), Vec::new());
        for number in 0..3_000 {
            let stranger = Stranger { number: number.to_string(), claim: None };
            sums.stranger(at(number), stranger, FROM[0]);
            let terminal = TerminalId::parse(&number.to_string()).ok();
            sums.suspicious(at(number), Threat::WrongCode, terminal, &FROM);
        }
        assert_eq!(sums.strangers.len(), STRANGERS_MAX);
        assert_eq!(sums.events.len(), SECURITY_EVENTS_MAX);
        let (strangers, events) = sums.take_changed();
        assert_eq!((strangers.len(), events.len()), (STRANGERS_MAX, SECURITY_EVENTS_MAX));
        assert!(sums.strangers.contains_key("2000") && !sums.strangers.contains_key("1999"));
    }

    #[test]
    fn a_sum_names_its_newest_addresses_and_the_log_hears_of_it_now_and_then() {
        let mut sums = Sums::new(Vec::new(), Vec::new());
        let heard: Vec<_> = (0..25)
            .filter_map(|second| {
                let from = IpAddr::from([192, 0, 2, u8::try_from(second % 6).unwrap()]);
                sums.suspicious(at(second), Threat::FrameFlood, None, &[from])
            })
            .collect();
        assert_eq!(heard, [1, 10, 10]);
        let (_, events) = sums.take_changed();
        assert_eq!((events[0].count, events[0].addresses.len()), (25, ADDRESSES_MAX));
        assert_eq!(events[0].addresses.last().unwrap(), "192.0.2.0");
    }
}
