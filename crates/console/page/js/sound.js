// The alert sound. Browsers play nothing before a gesture, so it has to be armed; unarmed looks unarmed.
import { $, h, both } from "./dom.js";

let audio = null;
let armed = false;

export function start() {
  $("sound").addEventListener("click", async () => {
    armed = !armed;
    if (armed) {
      audio ??= new AudioContext();
      await audio.resume();
      beep(660, 0, 0.09);
    }
    show();
  });
  show();
}

/** Two rising tones for critical, one for major; nothing below. */
export function ring(severity) {
  if (!armed || !audio) return;
  if (severity === "critical") { beep(740, 0, 0.16); beep(988, 0.2, 0.24); } else if (severity === "major") beep(587, 0, 0.16);
}

function beep(frequency, after, length) {
  const at = audio.currentTime + after;
  const [tone, volume] = [audio.createOscillator(), audio.createGain()];
  tone.frequency.value = frequency;
  volume.gain.setValueAtTime(0.0001, at);
  volume.gain.exponentialRampToValueAtTime(0.25, at + 0.02);
  volume.gain.exponentialRampToValueAtTime(0.0001, at + length);
  tone.connect(volume).connect(audio.destination);
  tone.start(at);
  tone.stop(at + length);
}

function show() {
  $("sound").setAttribute("aria-pressed", String(armed));
  $("sound").replaceChildren(armed ? "♪ " : "♪ ✕ ", h("span", { class: "word" }, both(armed ? ["声音已开", "Sound on"] : ["声音未开", "Sound off"])));
}
