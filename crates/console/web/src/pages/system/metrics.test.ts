import { expect, test } from "vitest";
import { by, mean, parse, sum } from "./metrics";

const TEXT = `# HELP x y
roadwarden_frames_rejected_total{reason="body"} 4
roadwarden_frames_rejected_total{reason="flood"} 0
roadwarden_frames_rejected_total{reason="frame"} 12
roadwarden_journal_sync_seconds_bucket{le="+Inf"} 8
roadwarden_journal_sync_seconds_sum 0.04
roadwarden_journal_sync_seconds_count 8
`;

test("figures_are_read_out_of_the_text", () => {
  const samples = parse(TEXT);
  expect(sum(samples, "roadwarden_frames_rejected_total")).toBe(16);
  expect(sum(samples, "roadwarden_terminals_connected")).toBeNull();
  expect(by(samples, "roadwarden_frames_rejected_total", "reason")).toEqual([["frame", 12], ["body", 4]]);
  expect(mean(samples, "roadwarden_journal_sync_seconds")).toBeCloseTo(0.005);
});
