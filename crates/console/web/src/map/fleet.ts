/**
 * Where the vehicles are: flat arrays by slot, filled in place, so that 100,000 of them cost no garbage. What is drawn is
 * one interleaved buffer: mercator relative to an origin of ours, for `f32` has 2 m at the world's scale.
 */

import { MercatorCoordinate } from "maplibre-gl";
import { baseSystem, shown } from "./base";
import type { Named, Points } from "./frames";

/** `f32 x, f32 y, u8 heading, u8 state, u8 is there, u8 0` */
export const STRIDE = 12;
/** About the middle of where we work. */
export const ORIGIN = MercatorCoordinate.fromLngLat([92, 30.5]);
const FIRST_CAPACITY = 1024;

export class Fleet {
  capacity = FIRST_CAPACITY;
  /** One past the highest slot in use. */
  length = 0;
  /** How many are there. */
  count = 0;
  /** Grows with each change: who draws or indexes compares it. */
  version = 0;
  lon = new Float64Array(FIRST_CAPACITY);
  lat = new Float64Array(FIRST_CAPACITY);
  time = new Uint32Array(FIRST_CAPACITY);
  speed = new Float32Array(FIRST_CAPACITY);
  buffer = new ArrayBuffer(FIRST_CAPACITY * STRIDE);
  floats = new Float32Array(this.buffer);
  bytes = new Uint8Array(this.buffer);
  /** Slots with an open alert; `marked` of them are in use. */
  marks = new Uint32Array(256);
  marked = 0;
  readonly names = new Map<number, Named>();
  private readonly slots = new Map<string, number>();

  private grow(slot: number): void {
    if (slot < this.capacity) return;
    while (this.capacity <= slot) this.capacity *= 2;
    const larger = <T extends Float64Array | Uint32Array | Float32Array>(old: T, made: T): T => {
      made.set(old);
      return made;
    };
    this.lon = larger(this.lon, new Float64Array(this.capacity));
    this.lat = larger(this.lat, new Float64Array(this.capacity));
    this.time = larger(this.time, new Uint32Array(this.capacity));
    this.speed = larger(this.speed, new Float32Array(this.capacity));
    const bytes = new Uint8Array(this.capacity * STRIDE);
    bytes.set(this.bytes);
    this.bytes = bytes;
    this.buffer = bytes.buffer;
    this.floats = new Float32Array(this.buffer);
  }

  has = (slot: number): boolean => slot < this.length && this.bytes[slot * STRIDE + 10] === 1;
  state = (slot: number): number => this.bytes[slot * STRIDE + 9] ?? 0;
  /** Degrees clockwise from north; null where it is not known. */
  heading(slot: number): number | null {
    const byte = this.bytes[slot * STRIDE + 8] ?? 255;
    return byte === 255 ? null : byte * 1.5;
  }
  /** The slot of a terminal that has been named on this connection. */
  slotOf = (terminal: string): number | undefined => this.slots.get(terminal);

  /** Takes everything off. */
  clear(): void {
    for (let slot = 0; slot < this.length; slot++) this.bytes[slot * STRIDE + 10] = 0;
    this.length = this.count = this.marked = 0;
    this.version++;
  }

  /** Forgets the slots too: another connection may number otherwise. */
  forget(): void {
    this.clear();
    this.names.clear();
    this.slots.clear();
  }

  replace(points: Points): void {
    this.clear();
    this.put(points);
  }

  put(points: Points): void {
    // No garbage a point where nothing is shifted, which is nearly always.
    const isPlain = baseSystem() === "wgs84";
    for (let i = 0; i < points.count; i++) {
      const slot = points.slot[i]!;
      const at = slot * STRIDE;
      if (points.gone[i]) {
        if (!this.has(slot)) continue;
        this.bytes[at + 10] = 0;
        this.count--;
        continue;
      }
      this.grow(slot);
      if (slot >= this.length) this.length = slot + 1;
      if (this.bytes[at + 10] !== 1) this.count++;
      this.lon[slot] = points.lon[i]!;
      this.lat[slot] = points.lat[i]!;
      this.time[slot] = points.time[i]!;
      this.speed[slot] = points.speed[i]!;
      this.bytes[at + 8] = points.heading[i]!;
      this.bytes[at + 9] = points.state[i]!;
      this.bytes[at + 10] = 1;
      if (isPlain) {
        this.floats[slot * 3] = mercatorX(points.lon[i]!) - ORIGIN.x;
        this.floats[slot * 3 + 1] = mercatorY(points.lat[i]!) - ORIGIN.y;
      } else this.place(slot);
    }
    this.mark();
    this.version++;
  }

  /** Lists who is drawn over the rest: those with an open alert, a few of many. */
  private mark(): void {
    this.marked = 0;
    for (let slot = 0; slot < this.length; slot++) {
      const at = slot * STRIDE;
      if (this.bytes[at + 10] !== 1 || ((this.bytes[at + 9]! >> 2) & 7) === 0) continue;
      if (this.marked >= this.marks.length) {
        const more = new Uint32Array(this.marks.length * 2);
        more.set(this.marks);
        this.marks = more;
      }
      this.marks[this.marked++] = slot;
    }
  }

  name(names: Map<number, Named>): void {
    for (const [slot, named] of names) {
      this.names.set(slot, named);
      this.slots.set(named.terminal, slot);
    }
    this.version++;
  }

  private place(slot: number): void {
    const [lon, lat] = shown([this.lon[slot]!, this.lat[slot]!]);
    this.floats[slot * 3] = mercatorX(lon) - ORIGIN.x;
    this.floats[slot * 3 + 1] = mercatorY(lat) - ORIGIN.y;
  }

  /** Mercator of a slot as it is drawn, 0 to 1 over the world. */
  x = (slot: number): number => this.floats[slot * 3]! + ORIGIN.x;
  y = (slot: number): number => this.floats[slot * 3 + 1]! + ORIGIN.y;
}

export const mercatorX = (lon: number): number => (180 + lon) / 360;
export const mercatorY = (lat: number): number => (180 - (180 / Math.PI) * Math.log(Math.tan(Math.PI / 4 + (lat * Math.PI) / 360))) / 360;
