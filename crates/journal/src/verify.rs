//! Whether the journal is what was written: every hash, every link of the chain, and what was noted of it elsewhere.

use std::collections::BTreeMap;
use std::path::Path;

use fleet::Chain;

use crate::file::SegmentFile;
use crate::segment::{segment_names, segment_path};
use crate::{Position, StoreError};

/// The most findings that are written out; more are counted.
const FINDINGS_MAX: usize = 100;

/// A value of the chain, noted outside the journal: who changes the journal would have to change it there too.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Anchor {
    /// After the records below this.
    pub position: Position,
    /// The chain over them.
    pub chain: Chain,
}

/// What [`verify`] found.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Verified {
    /// Files.
    pub segments: usize,
    /// Records whose hash and link are right.
    pub records: u64,
    /// Records of format 1, which has no chain.
    pub unchained: u64,
    /// Before the oldest record that is kept.
    pub begin: Anchor,
    /// After the newest.
    pub end: Anchor,
    /// How many of the anchors were met and right.
    pub anchors: usize,
    /// What is wrong, for people; at most 100.
    pub findings: Vec<String>,
    /// How much is wrong.
    pub wrong: usize,
}

/// Reads every segment under `dir`, also while a service writes there. Tells `progress` how far it is and where it ends.
///
/// # Errors
/// Where a file is out of reach; what is wrong in it is a finding.
pub fn verify(
    dir: &Path,
    anchors: &[Anchor],
    mut progress: impl FnMut(Position, Position),
) -> Result<Verified, StoreError> {
    let names = segment_names(dir)?;
    let first = names.first().copied().unwrap_or_default();
    let begin = Anchor { position: first, chain: Chain::START };
    let mut noted: BTreeMap<Position, Vec<Chain>> = BTreeMap::new();
    for anchor in anchors {
        noted.entry(anchor.position).or_default().push(anchor.chain);
    }
    let mut walk = Walk {
        anchors: noted,
        expected: None,
        last: begin,
        found: Verified {
            segments: names.len(),
            records: 0,
            unchained: 0,
            begin,
            end: begin,
            anchors: 0,
            findings: Vec::new(),
            wrong: 0,
        },
    };
    for (at, first) in names.iter().enumerate() {
        let next = names.get(at + 1).copied();
        progress(*first, names.last().copied().unwrap_or_default());
        match SegmentFile::open_reader(&segment_path(dir, *first)) {
            Ok(file) => walk.segment(&file, *first, next)?,
            Err(error) if error.is_damage() => walk.lost(error.to_string()),
            Err(error) => return Err(error),
        }
    }
    Ok(walk.end())
}

struct Walk {
    /// Those not met yet; what was noted twice of one place is compared twice.
    anchors: BTreeMap<Position, Vec<Chain>>,
    /// What the next row has to go on from; `None` after damage, and at the beginning.
    expected: Option<Anchor>,
    /// After the last row that could be read.
    last: Anchor,
    found: Verified,
}

impl Walk {
    fn wrong(&mut self, finding: String) {
        self.found.wrong += 1;
        if self.found.findings.len() < FINDINGS_MAX {
            self.found.findings.push(finding);
        }
    }

    /// What comes next can't be compared with what came before.
    fn lost(&mut self, finding: String) {
        self.wrong(finding);
        self.expected = None;
    }

    fn segment(
        &mut self,
        file: &SegmentFile,
        first: Position,
        next: Option<Position>,
    ) -> Result<(), StoreError> {
        match file.begin() {
            Ok(begin) if file.is_chained() => self.meet(first, begin),
            Ok(_) => {}
            Err(error) if error.is_damage() => self.lost(error.to_string()),
            Err(error) => return Err(error),
        }
        // From the lowest row on, also one that has no business here.
        let mut at = Position::MAX;
        loop {
            at = match file.next_after(at) {
                Ok(Some(next)) => next,
                Ok(None) => break,
                Err(error) if error.is_damage() => {
                    self.lost(error.to_string());
                    break;
                }
                Err(error) => return Err(error),
            };
            // A commit that failed, and was made again in the segment after.
            if next.is_some_and(|next| at >= next) {
                break;
            }
            match file.read(at) {
                Ok(stored) => self.row(&stored, first),
                Err(error) if error.is_damage() => self.lost(error.to_string()),
                Err(error) => return Err(error),
            }
        }
        match file.sealed() {
            Ok(Some(seal)) if next.is_none_or(|next| seal.end <= next) => {
                let ends = Anchor { position: seal.end, chain: seal.chain };
                if self.expected.is_some_and(|here| here != ends) {
                    self.lost(format!("segment {first} was sealed at {}, but ends otherwise", seal.end));
                }
                Ok(())
            }
            Ok(_) => Ok(()),
            Err(error) if error.is_damage() => {
                self.lost(error.to_string());
                Ok(())
            }
            Err(error) => Err(error),
        }
    }

    /// A segment begins.
    fn meet(&mut self, first: Position, begin: Chain) {
        let here = Anchor { position: first, chain: begin };
        match self.expected {
            None if self.found.records == 0 => (self.found.begin, self.last) = (here, here),
            Some(before) if before.position != first => {
                self.wrong(format!("records {} to {first} are missing", before.position));
            }
            Some(before) if before.chain != begin => {
                self.wrong(format!("segment {first} does not go on from what stands before it"));
            }
            None | Some(_) => {}
        }
        self.expected = Some(here);
    }

    fn row(&mut self, stored: &crate::file::Stored, segment: Position) {
        let (first, end) = (stored.first, stored.end());
        let Some((hash, chain)) = &stored.links else {
            self.found.unchained += end - first;
            self.last = Anchor { position: end, chain: Chain::START };
            return;
        };
        if let Some(before) = self.expected {
            if before.position != first {
                self.wrong(format!("segment {segment}: after record {} comes {first}", before.position));
            } else if before.chain.after(hash) != *chain {
                self.wrong(format!("segment {segment}: the chain breaks at record {first}"));
            } else {
                self.found.records += end - first;
            }
        }
        let here = Anchor { position: end, chain: *chain };
        for noted in self.anchors.remove(&end).unwrap_or_default() {
            if noted == *chain {
                self.found.anchors += 1;
            } else {
                self.wrong(format!("before record {end} the chain is not the one that was noted"));
            }
        }
        (self.expected, self.last) = (Some(here), here);
    }

    fn end(mut self) -> Verified {
        let (begin, end) = (self.found.begin.position, self.last.position);
        for (position, _) in std::mem::take(&mut self.anchors) {
            // Nothing to compare with before the first record, and what was trimmed cannot be compared any more.
            if position > end {
                self.wrong(format!("records up to {position} were noted, the journal ends at {end}"));
            } else if position > begin {
                self.wrong(format!("no commit ends at record {position}, which was noted"));
            }
        }
        self.found.end = self.last;
        self.found
    }
}
