import { beforeEach, expect, test, vi } from "vitest";
import { MUTE_MS, REPEAT_MS, Siren } from "./sound";

let at = 0;
const play = vi.fn();
let siren: Siren;

beforeEach(() => {
  at = 0;
  siren = new Siren(play, () => at);
  siren.arm();
  play.mockClear();
});

test("unarmed_it_is_silent", () => {
  const quiet = new Siren(play, () => at);
  quiet.hear("1", "critical", true);
  quiet.beat(1);
  expect(play).not.toHaveBeenCalled();
});

test("a_major_alert_sounds_once_and_a_minor_one_never", () => {
  siren.hear("1", "major", true);
  siren.hear("1", "major", true);
  siren.hear("2", "minor", true);
  at += 10 * REPEAT_MS;
  siren.beat(undefined);
  expect(play).toHaveBeenCalledTimes(1);
});

test("a_critical_alert_sounds_until_it_is_acknowledged", () => {
  siren.hear("1", "critical", true);
  siren.beat(undefined);
  expect(play).toHaveBeenCalledTimes(1);
  at += REPEAT_MS;
  siren.beat(undefined);
  expect(play).toHaveBeenCalledTimes(2);
  siren.hear("1", "critical", false);
  at += REPEAT_MS;
  siren.beat(undefined);
  expect(play).toHaveBeenCalledTimes(2);
});

test("what_the_service_counts_goes_before_what_was_heard", () => {
  siren.hear("1", "critical", true);
  at += REPEAT_MS;
  siren.beat(0);
  expect(play).toHaveBeenCalledTimes(1);
  siren.beat(3);
  expect([play.mock.calls.length, siren.state.waiting]).toEqual([2, 3]);
});

test("muted_it_is_quiet_for_five_minutes", () => {
  siren.toggleMute();
  siren.hear("1", "critical", true);
  at += MUTE_MS - 1;
  siren.beat(1);
  expect(play).not.toHaveBeenCalled();
  at += 1;
  siren.beat(1);
  expect(play).toHaveBeenCalledTimes(1);
});
