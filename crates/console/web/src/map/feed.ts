/** The feed of positions: says what the map shows, hears what is there, and comes back when the line breaks. */

import { readFrame, SUBPROTOCOL, type Frame } from "./frames";

export type View = { bbox: [west: number, south: number, east: number, north: number]; zoom: number };
export type Wish = { view: View; classes: string[]; operator: string | null; raw: boolean };
/** `silent`: open, but nothing heard for so long that the map may be old. `ended`: the session has ended. */
export type FeedState = "opening" | "live" | "silent" | "down" | "ended" | "refused";

/** The service speaks each second; after this long without a frame the line is dead, ms. */
const DEAD_MS = 5000;
const WAITS_MS = [500, 1000, 2000, 5000, 10_000];
const CREDENTIAL_ENDED = 4401;
const BAD_MESSAGE = 1008;

export class Feed {
  private socket: WebSocket | null = null;
  private wish: Wish | null = null;
  private heardAt = 0;
  private tries = 0;
  private waiting: ReturnType<typeof setTimeout> | undefined;
  private readonly watch: ReturnType<typeof setInterval>;
  private isClosed = false;
  /** Whether no frame has come on this connection yet: slots of the one before mean nothing. */
  private isFirst = true;

  constructor(
    private readonly on: { frame: (frame: Frame, isFirst: boolean) => void; state: (state: FeedState, reason?: string) => void },
    private readonly address = `${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/api/v1/live/positions`,
  ) {
    this.watch = setInterval(() => this.check(), 1000);
    this.open();
  }

  private open(): void {
    // While it comes back the state stays `down`: what is on the screen is old all the same.
    if (this.tries === 0) this.on.state("opening");
    this.isFirst = true;
    const socket = new WebSocket(this.address, SUBPROTOCOL);
    socket.binaryType = "arraybuffer";
    this.socket = socket;
    this.heardAt = Date.now();
    socket.onopen = () => this.wish && socket.send(JSON.stringify(this.wish));
    socket.onmessage = ({ data }) => {
      if (socket === this.socket && data instanceof ArrayBuffer) this.hear(data);
    };
    socket.onclose = ({ code, reason }) => {
      if (socket === this.socket) this.lost(code, reason);
    };
  }

  private hear(data: ArrayBuffer): void {
    this.heardAt = Date.now();
    this.tries = 0;
    try {
      const frame = readFrame(data);
      this.on.frame(frame, this.isFirst);
      this.isFirst = false;
      this.on.state("live");
    } catch (error) {
      this.isClosed = true;
      this.socket?.close();
      this.on.state("refused", error instanceof Error ? error.message : String(error));
    }
  }

  private lost(code: number, reason: string): void {
    this.socket = null;
    if (this.isClosed) return;
    if (code === CREDENTIAL_ENDED) return this.on.state("ended");
    // Asking again the same way would be refused again.
    if (code === BAD_MESSAGE) return this.on.state("refused", reason);
    this.on.state("down");
    this.waiting = setTimeout(() => this.open(), WAITS_MS[Math.min(this.tries++, WAITS_MS.length - 1)]);
  }

  private check(): void {
    if (!this.socket || !this.wish || Date.now() - this.heardAt < DEAD_MS) return;
    this.on.state("silent");
    const dead = this.socket;
    this.lost(0, "");
    dead.close();
  }

  /** Says what is to be heard from now on. */
  ask(wish: Wish): void {
    this.wish = wish;
    if (this.socket?.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify(wish));
  }

  close(): void {
    this.isClosed = true;
    clearTimeout(this.waiting);
    clearInterval(this.watch);
    this.socket?.close();
    this.socket = null;
  }
}
