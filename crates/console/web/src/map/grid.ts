/** Finds the vehicle under the pointer: a grid over what is seen, made anew when it is asked after a change. */

/** Cells a side; at 100,000 points a cell holds about six. */
const SIDE = 128;

export type Box = { west: number; north: number; east: number; south: number };
export type Places = { length: number; has: (index: number) => boolean; x: (index: number) => number; y: (index: number) => number };

export class Grid {
  private readonly starts = new Uint32Array(SIDE * SIDE + 1);
  private items = new Uint32Array(0);
  private readonly box: Box;

  /** Indexes the places inside `box` (mercator, y grows southward) by counting sort: two passes, no garbage a place. */
  constructor(
    private readonly places: Places,
    box: Box,
  ) {
    this.box = box;
    for (let i = 0; i < places.length; i++) {
      const cell = this.cellOf(i);
      if (cell >= 0) this.starts[cell + 1]!++;
    }
    for (let cell = 0; cell < SIDE * SIDE; cell++) this.starts[cell + 1]! += this.starts[cell]!;
    this.items = new Uint32Array(this.starts[SIDE * SIDE]!);
    const next = this.starts.slice();
    for (let i = 0; i < places.length; i++) {
      const cell = this.cellOf(i);
      if (cell >= 0) this.items[next[cell]!++] = i;
    }
  }

  private column = (x: number): number => Math.floor(((x - this.box.west) / (this.box.east - this.box.west)) * SIDE);
  private row = (y: number): number => Math.floor(((y - this.box.north) / (this.box.south - this.box.north)) * SIDE);

  private cellOf(index: number): number {
    if (!this.places.has(index)) return -1;
    const [column, row] = [this.column(this.places.x(index)), this.row(this.places.y(index))];
    return column < 0 || row < 0 || column >= SIDE || row >= SIDE ? -1 : row * SIDE + column;
  }

  /** The place nearest to (`x`, `y`) within `radius`, all mercator; -1 where there is none. */
  nearest(x: number, y: number, radius: number): number {
    const clamp = (value: number) => Math.max(0, Math.min(SIDE - 1, value));
    const [left, right] = [clamp(this.column(x - radius)), clamp(this.column(x + radius))];
    const [top, bottom] = [clamp(this.row(y - radius)), clamp(this.row(y + radius))];
    let best = -1;
    let least = radius * radius;
    for (let row = top; row <= bottom; row++) {
      for (let at = this.starts[row * SIDE + left]!; at < this.starts[row * SIDE + right + 1]!; at++) {
        const index = this.items[at]!;
        const [dx, dy] = [this.places.x(index) - x, this.places.y(index) - y];
        const far = dx * dx + dy * dy;
        if (far <= least) [best, least] = [index, far];
      }
    }
    return best;
  }
}
