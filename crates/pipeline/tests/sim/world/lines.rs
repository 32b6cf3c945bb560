//! Stations, the connections they hold, and what becomes of them.

use jt808::{Deframer, Frame};
use session::Carries;

use super::{END_MS, What, World};
use crate::fold::digits;
use crate::network::Wire;
use crate::terminal::{Act, Keeps};

impl World {
    pub(super) fn station(&mut self, number: usize) {
        let next = self.chance.between(500, 1_500);
        self.after(next, What::Station(number));
        let members = self.stations[number].members.clone();
        if members.iter().all(|member| self.terminals[*member].is_dead(self.now)) {
            return;
        }
        if self.stations[number].wire.is_none() && self.stations[number].retry_at <= self.now {
            self.connect(number);
        }
        let mut acts = Vec::new();
        let wire = self.stations[number].wire;
        for member in members {
            let terminal = &mut self.terminals[member];
            if !terminal.is_dead(self.now) {
                terminal.wake(self.now, wire.is_some(), &mut acts);
            }
        }
        for act in acts {
            match (act, self.stations[number].wire) {
                (Act::Send(frame, keeps), Some(wire)) => self.send(wire, &frame, keeps),
                (Act::GiveUp, Some(wire)) => self.leave(wire),
                (_, None) => {} // given up just now
            }
        }
    }

    pub(super) fn connect(&mut self, number: usize) {
        if self.process.is_none() {
            self.stations[number].retry_at = self.now + self.chance.between(500, 5_000);
            return;
        }
        let wire = self.wires.len();
        self.wires.push(Wire::new(number, &mut self.chance));
        let station = &mut self.stations[number];
        (station.wire, station.deframer) = (Some(wire), Deframer::default());
        let carries = match self.stations[number].members.len() {
            1 => Carries::Terminal,
            _ => Carries::Relay,
        };
        self.on_process(|process, now, effects| process.connect(wire, carries, now, effects));
        if self.now < END_MS {
            let lasts = self.chance.between(1_000, 240_000);
            self.after(lasts, What::Cut(wire));
        }
    }

    pub(super) fn send(&mut self, wire: usize, frame: &[u8], keeps: Keeps) {
        if keeps == Keeps::Report {
            self.evidence.sent(wire, frame);
        }
        let arrives = self.wires[wire].up.send(self.now, frame, &mut self.chance);
        self.at(arrives, What::Uplink(wire));
    }

    /// The terminal's end closes; the other one hears of it, or does not.
    pub(super) fn leave(&mut self, wire: usize) {
        self.wires[wire].held = false;
        self.wires[wire].up.is_dead = true;
        if self.chance.one_in(2) {
            self.after(1_000, What::UplinkEnds(wire));
        }
        let retry_at = self.now + self.chance.between(200, 8_000);
        let station = &mut self.stations[self.wires[wire].station];
        (station.wire, station.retry_at) = (None, retry_at);
        for member in station.members.clone() {
            self.terminals[member].lose_connection();
        }
    }

    /// The line is cut, in one direction or both, within any byte.
    pub(super) fn cut(&mut self, wire: usize) {
        let (up, down) = self.chance.pick(&[(true, true), (true, true), (true, false), (false, true)]);
        if up {
            self.wires[wire].up.cut(&mut self.chance);
        }
        if down {
            self.wires[wire].down.cut(&mut self.chance);
        }
        if self.chance.one_in(2) {
            self.soon(5_000, What::DownlinkEnds(wire));
        }
        if self.chance.one_in(2) {
            self.soon(5_000, What::UplinkEnds(wire));
        }
    }

    pub(super) fn uplink(&mut self, wire: usize) {
        while self.process.as_ref().is_some_and(|process| process.reads(wire)) {
            let Some(bytes) = self.wires[wire].up.take(self.now) else { return };
            self.on_process(|process, now, effects| process.input(wire, now, &bytes, effects));
        }
    }

    pub(super) fn downlink(&mut self, number: usize) {
        while let Some(bytes) = self.wires[number].down.take(self.now) {
            if !self.wires[number].held {
                continue;
            }
            let Self { stations, wires, terminals, evidence, report, .. } = self;
            let station = &mut stations[wires[number].station];
            let members = &station.members;
            station.deframer.push(&bytes, &mut |piece| {
                let Ok(frame) = piece.unescaped.and_then(Frame::decode) else {
                    return report.complaints.push("the platform sends what is no frame".to_owned());
                };
                let phone = frame.header.phone.digits();
                let Some(member) = members.iter().find(|member| phone.ends_with(&digits(**member))) else {
                    return report.complaints.push(format!("an answer for {phone} on another's connection"));
                };
                match terminals[*member].answer(&frame) {
                    Ok(Some(frame)) => evidence.acknowledged(number, frame),
                    Ok(None) => {}
                    Err(complaint) => report.complaints.push(complaint),
                }
            });
        }
    }
}
