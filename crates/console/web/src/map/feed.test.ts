import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Feed, type Wish } from "./feed";
import { SUBPROTOCOL } from "./frames";

class Socket {
  static readonly OPEN = 1;
  static made: Socket[] = [];
  binaryType = "blob";
  readyState = 0;
  sent: string[] = [];
  isClosed = false;
  onopen: (() => void) | null = null;
  onmessage: ((event: { data: unknown }) => void) | null = null;
  onclose: ((event: { code: number; reason: string }) => void) | null = null;
  constructor(
    readonly address: string,
    readonly protocol: string,
  ) {
    Socket.made.push(this);
  }
  send = (text: string) => void this.sent.push(text);
  close = () => void (this.isClosed = true);
  open(): void {
    this.readyState = 1;
    this.onopen?.();
  }
  end = (code: number, reason = "") => this.onclose?.({ code, reason });
}

const wish: Wish = { view: { bbox: [90, 29, 92, 30], zoom: 9 }, classes: [], operator: null, raw: false };
const empty = (): ArrayBuffer => {
  const view = new DataView(new ArrayBuffer(16));
  view.setUint8(0, 2);
  view.setUint8(1, 1);
  return view.buffer;
};
let states: string[];
let frames: number;
let firsts: boolean[];
let feed: Feed;
const last = () => Socket.made.at(-1)!;

beforeEach(() => {
  vi.useFakeTimers();
  vi.stubGlobal("WebSocket", Socket);
  Socket.made = [];
  [states, frames, firsts] = [[], 0, []];
  feed = new Feed({ frame: (_, isFirst) => (frames++, firsts.push(isFirst)), state: (state, reason) => states.push(reason ? `${state}: ${reason}` : state) }, "ws://here/positions");
});
afterEach(() => {
  feed.close();
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

test("what_is_wished_is_said_when_the_line_opens_and_again_after_it_broke", () => {
  feed.ask(wish);
  expect([last().protocol, last().sent]).toEqual([SUBPROTOCOL, []]);
  last().open();
  expect(last().sent).toEqual([JSON.stringify(wish)]);
  last().end(1001);
  expect(states.at(-1)).toBe("down");
  vi.advanceTimersByTime(600);
  expect(Socket.made).toHaveLength(2);
  last().open();
  expect(last().sent).toEqual([JSON.stringify(wish)]);
});

test("a_new_connection_begins_with_a_first_frame_and_the_map_is_called_old_until_then", () => {
  last().open();
  last().onmessage?.({ data: empty() });
  last().onmessage?.({ data: empty() });
  last().end(1006);
  vi.advanceTimersByTime(600);
  expect(states.at(-1)).toBe("down");
  last().open();
  last().onmessage?.({ data: empty() });
  expect(firsts).toEqual([true, false, true]);
  expect(states.at(-1)).toBe("live");
});

test("a_feed_that_is_silent_for_5_s_is_left_for_another", () => {
  feed.ask(wish);
  last().open();
  last().onmessage?.({ data: empty() });
  expect([frames, states.at(-1)]).toEqual([1, "live"]);
  const first = last();
  vi.advanceTimersByTime(4500);
  expect(first.isClosed).toBe(false);
  vi.advanceTimersByTime(2000);
  expect(states).toContain("silent");
  expect(first.isClosed).toBe(true);
  expect(Socket.made).toHaveLength(2);
});

test("a_session_that_ended_and_a_message_that_was_refused_are_not_asked_again", () => {
  last().end(4401);
  expect(states.at(-1)).toBe("ended");
  feed.close();
  const other = new Feed({ frame: () => frames++, state: (state, reason) => states.push(`${state}: ${reason}`) }, "ws://here/positions");
  last().end(1008, "view.zoom");
  expect(states.at(-1)).toBe("refused: view.zoom");
  vi.advanceTimersByTime(60_000);
  expect(Socket.made).toHaveLength(2);
  other.close();
});

test("what_is_no_frame_ends_the_feed_with_the_reason", () => {
  last().open();
  last().onmessage?.({ data: new ArrayBuffer(4) });
  expect(states.at(-1)).toContain("refused: positions: a frame of 4 bytes");
  expect(last().isClosed).toBe(true);
});
