/**
 * The sound of a duty room. Browsers are silent until somebody clicks, so it must be armed; a console that is not armed
 * says so. Sounds start in handlers of messages, never in timers: a tab in the background runs its timers late.
 */

import { computed, reactive } from "vue";
import { now } from "./time";

/** A critical alert that nobody has acknowledged sounds again after so long, ms. */
export const REPEAT_MS = 4000;
/** How long `.` keeps it quiet, ms. */
export const MUTE_MS = 5 * 60_000;
/** Of how many alerts it is remembered that they have sounded: the oldest are forgotten. */
const REMEMBERED = 2000;

type Tone = { hz: number; at: number; lasts: number };
const CRITICAL: Tone[] = [
  { hz: 988, at: 0, lasts: 0.16 },
  { hz: 740, at: 0.18, lasts: 0.16 },
  { hz: 988, at: 0.36, lasts: 0.16 },
  { hz: 740, at: 0.54, lasts: 0.22 },
];
const MAJOR: Tone[] = [
  { hz: 660, at: 0, lasts: 0.14 },
  { hz: 880, at: 0.16, lasts: 0.24 },
];
const ARMED: Tone[] = [{ hz: 880, at: 0, lasts: 0.12 }];

/** What sounds and when; where it sounds is given, so that this can be tried without a loudspeaker. */
export class Siren {
  readonly state = reactive({ isArmed: false, mutedUntil: 0, waiting: 0 });
  private waiting = new Set<string>();
  private sounded = new Set<string>();
  private lastAt = -Infinity;

  constructor(
    private readonly play: (tones: Tone[]) => void,
    private readonly clock: () => number,
  ) {}

  /** A word about an alert: new, changed, or acknowledged. */
  hear(id: string, severity: string, isWaiting: boolean): void {
    if (severity !== "critical" || !isWaiting) this.waiting.delete(id);
    else this.waiting.add(id);
    this.state.waiting = this.waiting.size;
    if (!isWaiting || this.sounded.has(id)) return;
    if (severity !== "critical" && severity !== "major") return;
    this.remember(id);
    this.sound(severity === "critical" ? CRITICAL : MAJOR);
  }

  /** The summary every two seconds: critical alerts sound until they are acknowledged. */
  beat(unacknowledged: number | undefined): void {
    this.state.waiting = unacknowledged ?? this.waiting.size;
    if (this.state.waiting > 0 && this.clock() - this.lastAt >= REPEAT_MS) this.sound(CRITICAL);
  }

  /** Quiet for five minutes, or loud again where it is quiet. */
  toggleMute(): void {
    this.state.mutedUntil = this.isMuted() ? 0 : this.clock() + MUTE_MS;
  }

  isMuted(): boolean {
    return this.clock() < this.state.mutedUntil;
  }

  arm(): void {
    this.state.isArmed = true;
    this.state.mutedUntil = 0;
    this.play(ARMED);
  }

  private sound(tones: Tone[]): void {
    if (!this.state.isArmed || this.isMuted()) return;
    this.lastAt = this.clock();
    this.play(tones);
  }

  private remember(id: string): void {
    this.sounded.add(id);
    if (this.sounded.size <= REMEMBERED) return;
    const [oldest] = this.sounded;
    if (oldest) this.sounded.delete(oldest);
  }
}

let context: AudioContext | null = null;

function play(tones: Tone[]): void {
  if (!context) return;
  const start = context.currentTime;
  for (const { hz, at, lasts } of tones) {
    const [tone, loudness] = [context.createOscillator(), context.createGain()];
    tone.type = "triangle";
    tone.frequency.value = hz;
    // Ends softly: a tone that is cut off clicks.
    loudness.gain.setValueAtTime(0.35, start + at);
    loudness.gain.exponentialRampToValueAtTime(0.001, start + at + lasts);
    tone.connect(loudness).connect(context.destination);
    tone.start(start + at);
    tone.stop(start + at + lasts);
  }
}

export const siren = new Siren(play, now);
export const isArmed = computed(() => siren.state.isArmed);

/** Arms it; to be called from a click, or the browser refuses. False where there is no sound. */
export async function arm(): Promise<boolean> {
  context ??= new AudioContext();
  await context.resume();
  // The system may take the sound away again, as when a phone rings.
  context.onstatechange = () => (siren.state.isArmed = context?.state === "running");
  if (context.state !== "running") return false;
  siren.arm();
  return true;
}
