//! What the port for files counts. Labels come from closed enums, never from a terminal.

use prometheus::{IntCounter, IntCounterVec, IntGauge, Opts, Registry};
use session::{AttachmentCounts, AttachmentRefused};

#[derive(Debug)]
pub(super) struct Metrics {
    pub connections: IntGauge,
    frames: IntCounter,
    bytes: IntCounter,
    stray_bytes: IntCounter,
    files: IntCounter,
    /// In the order of [`AttachmentRefused::ALL`].
    refused: Vec<IntCounter>,
    closed: IntCounterVec,
}

impl Metrics {
    pub(super) fn register(registry: &Registry) -> prometheus::Result<Self> {
        let refused = IntCounterVec::new(
            Opts::new(
                "roadwarden_attachment_refused_total",
                "Pieces of uploads that were not taken, by reason.",
            ),
            &["reason"],
        )?;
        let metrics = Self {
            connections: IntGauge::new("roadwarden_attachment_connections", "Connections that send files.")?,
            frames: IntCounter::new(
                "roadwarden_attachment_frames_total",
                "Good frames on those connections.",
            )?,
            bytes: IntCounter::new(
                "roadwarden_attachment_bytes_total",
                "Bytes of files received, repeated ones included.",
            )?,
            stray_bytes: IntCounter::new(
                "roadwarden_attachment_stray_bytes_total",
                "Bytes on those connections that belong to no announced file.",
            )?,
            files: IntCounter::new(
                "roadwarden_attachment_files_total",
                "Files answered as whole after they were durable.",
            )?,
            refused: AttachmentRefused::ALL
                .iter()
                .map(|why| refused.with_label_values(&[why.as_str()]))
                .collect(),
            closed: IntCounterVec::new(
                Opts::new("roadwarden_attachment_closed_total", "Connections that ended, by reason."),
                &["reason"],
            )?,
        };
        registry.register(Box::new(metrics.connections.clone()))?;
        registry.register(Box::new(refused))?;
        registry.register(Box::new(metrics.closed.clone()))?;
        for counter in [&metrics.frames, &metrics.bytes, &metrics.stray_bytes, &metrics.files] {
            registry.register(Box::new(counter.clone()))?;
        }
        Ok(metrics)
    }

    pub(super) fn count(&self, counts: &AttachmentCounts) {
        self.frames.inc_by(counts.frames);
        self.bytes.inc_by(counts.data_bytes);
        self.stray_bytes.inc_by(counts.stray_bytes);
        self.files.inc_by(counts.files);
        for (counter, by) in self.refused.iter().zip(counts.refused) {
            counter.inc_by(by);
        }
    }

    pub(super) fn closed(&self, reason: &str) {
        self.closed.with_label_values(&[reason]).inc();
    }
}
