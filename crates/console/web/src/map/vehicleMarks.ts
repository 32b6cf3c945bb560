/** The shapes of vehicles: one by class, with a nose where it moves. Drawn once into a texture, and again for the legend. */

import { CLASSES } from "./frames";

/** Rows of the texture: the classes, then a vehicle that is not on file. */
export const ROWS = CLASSES.length + 1;
/** Columns: moving, standing. */
export const COLUMNS = 2;
/** Pixels of a mark in the texture. */
export const CELL = 64;

/** Bodies in a box of 16 around the middle, pointing north. */
const BODIES: Record<string, { moving: string; standing: string; glyph?: string }> = {
  "scheduled-coach": { moving: "M5 5.4 8 1.5 11 5.4V14H5z", standing: "M5 2.5h6v11H5z", glyph: "M6.2 6.2h3.6v1.6H6.2zM6.2 9h3.6v1.2H6.2z" },
  "charter-coach": { moving: "M5 5.4 8 1.5 11 5.4V14H5z", standing: "M5 2.5h6v11H5z", glyph: "M8 6.4 9.6 9 8 11.6 6.4 9z" },
  "hazmat-truck": { moving: "M8 .8 13.6 8.6 8 14.6 2.4 8.6z", standing: "M8 2.6 13.4 8 8 13.4 2.6 8z", glyph: "M7.3 5.4h1.4v3.8H7.3zM7.3 10.2h1.4v1.4H7.3z" },
  "school-bus": { moving: "M8 .8 11.6 5.2A5 5 0 1 1 4.4 5.2z", standing: "M8 3a5 5 0 1 1 0 10A5 5 0 0 1 8 3z", glyph: "M8 6.4a2.2 2.2 0 1 1 0 4.4 2.2 2.2 0 0 1 0-4.4z" },
  "heavy-truck": { moving: "M3.4 6.2 8 1.6 12.6 6.2V13.4H3.4z", standing: "M3.4 3.4h9.2v9.2H3.4z" },
  other: { moving: "M8 1 13.4 14 8 11 2.6 14z", standing: "M8 4.2a3.8 3.8 0 1 1 0 7.6 3.8 3.8 0 0 1 0-7.6z" },
};

function draw(context: CanvasRenderingContext2D, name: string, isMoving: boolean, size: number, inks: { body: string; edge: string; glyph: string }): void {
  const { moving, standing, glyph } = BODIES[name] ?? BODIES.other!;
  const body = new Path2D(isMoving ? moving : standing);
  context.scale(size / 16, size / 16);
  context.lineJoin = "round";
  context.lineWidth = 2;
  context.strokeStyle = inks.edge;
  context.stroke(body);
  context.fillStyle = inks.body;
  context.fill(body);
  if (!glyph) return;
  context.fillStyle = inks.glyph;
  context.fill(new Path2D(glyph));
}

/** All marks: red says how much body, green how much edge; the shader colours them. */
export function atlas(): HTMLCanvasElement {
  const canvas = document.createElement("canvas");
  canvas.width = CELL * COLUMNS;
  canvas.height = CELL * ROWS;
  const context = canvas.getContext("2d")!;
  [...CLASSES, "other"].forEach((name, row) => {
    for (let column = 0; column < COLUMNS; column++) {
      context.save();
      context.translate(column * CELL, row * CELL);
      draw(context, name, column === 0, CELL, { body: "#f00", edge: "#0f0", glyph: "#0f0" });
      context.restore();
    }
  });
  return canvas;
}

/** A mark for the legend, as the address of a picture. */
export function markUrl(name: string | null, isMoving: boolean, body: string, edge: string, size = 40): string {
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = size;
  draw(canvas.getContext("2d")!, name ?? "other", isMoving, size, { body, edge, glyph: edge });
  return canvas.toDataURL();
}
