//! `[alerts]` and `[audit]`: how long alerts are kept, and who did what, and where the values of the chains are noted besides.

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

/// Alerts.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Alerts {
    /// How long those that are over are kept, with what was done about them.
    pub keep: Duration,
}

/// Three years are the least that 道路运输车辆动态监督管理办法 wants.
pub(crate) fn alerts(table: &mut Table<'_>, out: &mut Collector) -> Alerts {
    let alerts = Alerts { keep: table.duration("keep", "1096d", ("1096d", "36500d"), out) };
    table.finish(out);
    alerts
}

pub(crate) fn lower(table: &mut Table<'_>, out: &mut Collector) -> Audit {
    let audit = Audit {
        keep: table.duration("keep", "1096d", ("184d", "36500d"), out),
        anchors: table.path("anchors", out),
    };
    table.finish(out);
    audit
}
