//! The stages of one life of the process, and its end.

use clock::Steady;
use fleet::ReceiveTime;
use pipeline::Time;

use super::{What, World};
use crate::department::Session;
use crate::evidence;
use crate::plan::{Fault, Planted};
use crate::platform::{Done, Effects, Process, Staged};

impl World {
    pub(super) fn begin_life(&mut self) {
        (self.steady, self.born) = (Steady::new(self.wall()), self.now);
        self.begins.insert(self.disk.journal.len());
        let newest = self.disk.journal.last().map(|record| Time::at(record.received).due());
        self.report.set_back += usize::from(newest.is_some_and(|newest| self.time() < newest));
        self.after(0, What::Fold(self.life));
        self.after(250, What::Fire(self.life));
        self.after(100, What::Session(self.life));
        let first = self.chance.between(5_000, 60_000);
        self.after(first, What::Save(self.life));
    }

    /// What the stages of the process do.
    pub(super) fn work(&mut self, what: What) {
        let life = self.life;
        let Some(process) = &mut self.process else { return };
        match what {
            What::Commit(_) => self.commit(),
            What::Committed(_) => self.committed(),
            What::Durable(_, wire) => {
                let upto = self.durable_upto();
                self.on_process(|process, now, effects| process.durable(wire, now, upto, effects));
                self.uplink(wire);
            }
            What::Fire(_) => {
                let (lived, wall) = (self.lived(), self.wall());
                // As often as the service does, more or less: what it is told changes nothing else.
                let _ = self.steady.look(lived, wall);
                self.fire();
                self.after(250, What::Fire(life));
                self.soon(20, What::Write(life));
            }
            What::Fold(_) => {
                if process.fold_on(&self.disk) {
                    if std::mem::take(&mut self.save_due) {
                        match self.planted {
                            Some(Planted::SnapshotFirst) => self.disk.snapshot = Some(process.fold.save()),
                            _ => process.save(),
                        }
                    }
                    self.soon(30, What::Fold(life));
                    self.soon(30, What::Write(life));
                }
            }
            What::Post(_) => {
                self.disk.ledger.post(&std::mem::take(&mut self.unposted));
            }
            What::Save(_) => {
                self.save_due = true; // right behind the next batch, as the pipeline does it
                let next = self.chance.between(15_000, 90_000);
                self.after(next, What::Save(life));
            }
            What::Session(_) => {
                self.session.step(self.now, &mut self.disk, &mut self.department, &mut self.chance);
                let next = self.chance.between(50, 600);
                self.after(next, What::Session(life));
            }
            What::Write(_) => self.write(),
            What::Wrote(_) => self.wrote(),
            _ => unreachable!("only what belongs to a life comes here"),
        }
    }

    fn fire(&mut self) {
        let now = self.time();
        let Some(process) = self.process.as_mut().filter(|process| process.is_due(now)) else { return };
        match self.planted {
            Some(Planted::TimeApart) => process.fire(now),
            _ => process.tick(now),
        }
        self.gather();
        if let Some(by) = self.clock_at_deadline.take() {
            self.set_clock(by);
            self.soon(80, What::Fault(Fault::Kill));
        }
    }

    pub(super) fn durable_upto(&self) -> usize {
        let Some(process) = &self.process else { return 0 };
        match self.planted {
            Some(Planted::AckBeforeDurable) => process.journal.head(),
            _ => process.journal.durable,
        }
    }

    pub(super) fn commit(&mut self) {
        if self.now < self.full_until {
            return self.at(self.full_until, What::Commit(self.life));
        }
        let Some(process) = &mut self.process else { return };
        self.has_commit = false;
        let ids = process.ids();
        if process.journal.seal() {
            self.has_commit = true;
            let slow = self.is_doomed || self.chance.one_in(40);
            let ms = if slow { self.chance.between(300, 3_000) } else { self.chance.between(1, 25) };
            self.after(ms, What::Committed(self.life));
            self.soon(20, What::Fold(self.life));
            for wire in ids {
                self.on_process(|process, now, effects| process.room(wire, now, effects));
            }
        }
    }

    pub(super) fn committed(&mut self) {
        let Some(process) = &mut self.process else { return };
        if std::mem::take(&mut self.sync_fails) {
            process.journal.fail(&mut self.disk);
            return self.crash(true);
        }
        if std::mem::take(&mut self.is_doomed) {
            return self.crash(true);
        }
        let with_sync = self.planted != Some(Planted::NoSync) || self.chance.one_in(20);
        process.journal.commit(&mut self.disk, with_sync);
        self.has_commit = false;
        for wire in process.ids() {
            self.soon(15, What::Durable(self.life, wire));
        }
        self.after(0, What::Write(self.life));
        self.gather();
    }

    /// A group commit begins a little after the first record of it.
    pub(super) fn gather(&mut self) {
        let waits = self.process.as_ref().is_some_and(|process| process.journal.held() > 0);
        if waits && !self.has_commit {
            self.has_commit = true;
            self.soon(8, What::Commit(self.life));
        }
    }

    pub(super) fn write(&mut self) {
        if self.now < self.full_until {
            return self.at(self.full_until, What::Write(self.life));
        }
        let Some(process) = &mut self.process else { return };
        let snapshot_next = matches!(process.queue.front(), Some(Done::Snapshot(_)));
        let durable = match self.planted {
            Some(Planted::AlertsBeforeDurable) if !snapshot_next => usize::MAX,
            Some(Planted::SnapshotAhead) if snapshot_next => usize::MAX,
            _ => process.journal.durable,
        };
        if process.stage(durable) {
            let ms = self.chance.between(1, 60);
            self.after(ms, What::Wrote(self.life));
        }
    }

    pub(super) fn wrote(&mut self) {
        let Some(process) = &mut self.process else { return };
        match process.staged.take() {
            Some(Staged::Alerts(alerts)) if self.planted == Some(Planted::OutboxApart) => {
                self.unposted.extend(self.disk.ledger.put_all(&alerts));
                self.after(20, What::Post(self.life));
            }
            Some(Staged::Alerts(alerts)) => self.disk.ledger.record(&alerts),
            Some(Staged::Snapshot(saved)) => self.disk.snapshot = Some(saved),
            None => {}
        }
        self.after(0, What::Write(self.life));
        self.after(0, What::Fold(self.life));
    }

    /// The process ends at once; another begins a little later.
    pub(super) fn crash(&mut self, with_power: bool) {
        let Some(mut process) = self.process.take() else { return };
        process.journal.abandon(&mut self.disk);
        if let Some(Staged::Alerts(alerts)) = process.staged.take()
            && self.chance.one_in(2)
        {
            match self.planted {
                Some(Planted::OutboxApart) => drop(self.disk.ledger.put_all(&alerts)),
                _ => self.disk.ledger.record(&alerts), // the transaction was through
            }
        }
        self.unposted.clear();
        if with_power {
            self.disk.crash(&mut self.chance);
        } else {
            self.disk.synced = self.disk.journal.len();
        }
        for wire in process.ids() {
            self.wires[wire].up.cut(&mut self.chance);
            self.wires[wire].down.cut(&mut self.chance);
            if !with_power || self.chance.one_in(2) {
                self.soon(3_000, What::DownlinkEnds(wire));
            }
        }
        self.timers.clear();
        (self.session, self.has_commit, self.save_due) = (Session::default(), false, false);
        self.life += 1;
        self.report.crashes += 1;
        let pause = self.chance.between(500, 30_000);
        self.after(pause, What::Restart);
        self.evidence.check(&self.disk.journal, &mut self.report.complaints);
        evidence::check_stored(&self.disk, &self.ground, &mut self.report.complaints);
    }

    /// Does something with the process and what follows from it.
    pub(super) fn on_process(&mut self, act: impl FnOnce(&mut Process, ReceiveTime, &mut Effects)) {
        let time = self.time();
        let Some(process) = &mut self.process else { return };
        let mut effects = Effects::default();
        act(process, time, &mut effects);
        for (wire, bytes) in effects.transmit {
            let arrives = self.wires[wire].down.send(self.now, &bytes, &mut self.chance);
            self.at(arrives, What::Downlink(wire));
        }
        for wire in effects.close {
            self.after(1_000, What::DownlinkEnds(wire));
        }
        for (wire, terminal) in effects.supersede {
            self.soon(50, What::Supersede(self.life, wire, terminal));
        }
        for (wire, until) in effects.wait {
            let at = self.now + 1 + (until.ms() - time.ms()).max(0);
            if self.timers.get(&wire).is_none_or(|known| *known > at) {
                self.timers.insert(wire, at);
                self.at(at, What::Timer(self.life, wire));
            }
        }
        self.report.complaints.extend(effects.complaints);
        let head = self.process.as_ref().map_or(0, |process| process.journal.head());
        if self.planted == Some(Planted::AckBeforeDurable) && head != self.hasty {
            self.hasty = head;
            for wire in self.process.as_ref().map_or_else(Vec::new, Process::ids) {
                self.soon(5, What::Durable(self.life, wire));
            }
        }
        self.gather();
    }
}
