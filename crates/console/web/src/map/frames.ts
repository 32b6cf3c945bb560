/** Frames of `roadwarden.positions.v1`: `protocol/README.md`, "Positions on a map". Little endian. */

export const SUBPROTOCOL = "roadwarden.positions.v1";

const VERSION = 1;
const HEADER_BYTES = 16;
const POINT_BYTES = 20;
const CELL_BYTES = 16;
const GONE = -0x8000_0000;
/** A frame holds no more than this; a longer one is not ours. */
const MOST_RECORDS = 200_000;
/** Slots are counted from 0, one a vehicle; a number past this is an error and no vehicle. */
export const MOST_SLOTS = 1 << 20;
const E7 = 1e-7;

export const CLASSES = ["scheduled-coach", "charter-coach", "hazmat-truck", "school-bus", "heavy-truck"] as const;
/** The class of a vehicle that is not on file. */
export const NO_CLASS = 7;

/** What a vehicle's byte of state says. */
export const isOnline = (state: number): boolean => (state & 1) !== 0;
export const isMoving = (state: number): boolean => (state & 2) !== 0;
/** 0 none, 1 info, 2 minor, 3 major, 4 critical. */
export const severityOf = (state: number): number => (state >> 2) & 7;
export const classOf = (state: number): string | null => CLASSES[state >> 5] ?? null;

export type Named = { terminal: string; plate: string; class: string | null; operator: string };

/** Columns of points; `heading` is degrees, 255 × 1.5 where unknown; `gone` marks slots to take off. */
export type Points = {
  count: number;
  slot: Uint32Array;
  lon: Float64Array;
  lat: Float64Array;
  /** Terminal's time, seconds since 1970. */
  time: Uint32Array;
  /** km/h. */
  speed: Float32Array;
  /** In 1.5°, 255 unknown. */
  heading: Uint8Array;
  state: Uint8Array;
  gone: Uint8Array;
};

export type Cell = { lon: number; lat: number; count: number; online: number; severity: number };

export type Frame = { time: number; isCut: boolean } & (
  | { kind: "snapshot" | "delta"; points: Points }
  | { kind: "cells"; cells: Cell[] }
  | { kind: "names"; names: Map<number, Named> }
);

function points(view: DataView, count: number): Points {
  const read: Points = {
    count,
    slot: new Uint32Array(count),
    lon: new Float64Array(count),
    lat: new Float64Array(count),
    time: new Uint32Array(count),
    speed: new Float32Array(count),
    heading: new Uint8Array(count),
    state: new Uint8Array(count),
    gone: new Uint8Array(count),
  };
  for (let i = 0, at = HEADER_BYTES; i < count; i++, at += POINT_BYTES) {
    const slot = view.getUint32(at, true);
    if (slot >= MOST_SLOTS) throw new Error(`positions: record ${i} has slot ${slot}, at most ${MOST_SLOTS - 1} was expected`);
    const lon = view.getInt32(at + 4, true);
    read.slot[i] = slot;
    read.gone[i] = lon === GONE ? 1 : 0;
    read.lon[i] = lon * E7;
    read.lat[i] = view.getInt32(at + 8, true) * E7;
    read.time[i] = view.getUint32(at + 12, true);
    read.speed[i] = view.getUint16(at + 16, true) / 10;
    read.heading[i] = view.getUint8(at + 18);
    read.state[i] = view.getUint8(at + 19);
  }
  return read;
}

function cells(view: DataView, count: number): Cell[] {
  return Array.from({ length: count }, (_, i) => {
    const at = HEADER_BYTES + i * CELL_BYTES;
    return { lon: view.getInt32(at, true) * E7, lat: view.getInt32(at + 4, true) * E7, count: view.getUint32(at + 8, true), online: view.getUint16(at + 12, true) / 1000, severity: view.getUint8(at + 14) };
  });
}

function names(buffer: ArrayBuffer): Map<number, Named> {
  const table = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, HEADER_BYTES))) as Record<string, Named>;
  return new Map(Object.entries(table).map(([slot, named]) => [Number(slot), named]));
}

/** Reads one frame; throws where it is not one, naming what was expected. */
export function readFrame(buffer: ArrayBuffer): Frame {
  if (buffer.byteLength < HEADER_BYTES) throw new Error(`positions: a frame of ${buffer.byteLength} bytes, at least ${HEADER_BYTES} were expected`);
  const view = new DataView(buffer);
  const [kind, version] = [view.getUint8(0), view.getUint8(1)];
  if (version !== VERSION) throw new Error(`positions: version ${version}, ${VERSION} was expected`);
  const count = view.getUint32(4, true);
  const head = { time: Number(view.getBigUint64(8, true)), isCut: (view.getUint16(2, true) & 1) !== 0 };
  const size = kind === 3 ? CELL_BYTES : POINT_BYTES;
  if (kind !== 4 && (count > MOST_RECORDS || buffer.byteLength !== HEADER_BYTES + count * size)) {
    throw new Error(`positions: ${buffer.byteLength} bytes for ${count} records of kind ${kind}, ${HEADER_BYTES + count * size} were expected`);
  }
  if (kind === 1 || kind === 2) return { ...head, kind: kind === 1 ? "snapshot" : "delta", points: points(view, count) };
  if (kind === 3) return { ...head, kind: "cells", cells: cells(view, count) };
  if (kind === 4) return { ...head, kind: "names", names: names(buffer) };
  throw new Error(`positions: kind ${kind}, 1 to 4 was expected`);
}
