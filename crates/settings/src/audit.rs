//! `[audit]`: how long it is kept who did what, and where the values of the chains are noted besides.

use std::path::PathBuf;
use std::time::Duration;

use crate::problem::Collector;
use crate::table::Table;

/// The audit log.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Audit {
    /// How long its rows are kept.
    pub keep: Duration,
    /// A file that the values of both chains are added to, best on another disk; `None`: none.
    pub anchors: Option<PathBuf>,
}

pub(crate) fn lower(table: &mut Table<'_>, out: &mut Collector) -> Audit {
    let audit = Audit {
        keep: table.duration("keep", "1096d", ("184d", "36500d"), out),
        anchors: table.path("anchors", out),
    };
    table.finish(out);
    audit
}
