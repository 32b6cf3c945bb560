/** Colours and marks that are drawn over the base: the tokens of the page, so that map and lists agree. */

import type { Map as MapLibre } from "maplibre-gl";
import { nextTick, watch } from "vue";
import { useTheme } from "../stores/theme";

export const SEVERITIES = ["info", "minor", "major", "critical"] as const;

/** A colour token of style.css, such as `critical` or `line`. */
export const ink = (token: string): string => getComputedStyle(document.documentElement).getPropertyValue(`--${token}`).trim() || "#888888";

/** Calls `paint` now and whenever dark and light change, until the function it returns is called. */
export function onTheme(paint: () => void): () => void {
  paint();
  return watch(() => useTheme().isDark, () => void nextTick(paint));
}

/** The shapes of `SeverityBadge`: a diamond, a triangle, a square, a disc. */
const SHAPES: Record<string, string> = {
  critical: "M8 0 16 8 8 16 0 8z",
  major: "M8 1 16 15H0z",
  minor: "M1 1h14v14H1z",
  info: "M8 1a7 7 0 1 1 0 14A7 7 0 0 1 8 1z",
};
const EXCLAMATION = "M7 4h2v5H7zM7 10.5h2v2H7z";
const ARROW = "M8 1 14.5 15 8 11.5 1.5 15z";
const SQUARE = "M3 3h10v10H3z";
const PIXEL_RATIO = 2;

function picture(size: number, path: string, fill: string, edge: string, mark?: string): ImageData {
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = size * PIXEL_RATIO;
  const context = canvas.getContext("2d")!;
  const scale = (canvas.width - 6) / 16;
  context.translate(3, 3);
  context.scale(scale, scale);
  context.lineWidth = 2.4 / scale;
  context.strokeStyle = edge;
  context.fillStyle = fill;
  context.stroke(new Path2D(path));
  context.fill(new Path2D(path));
  if (mark) {
    context.fillStyle = edge;
    context.fill(new Path2D(mark));
  }
  return context.getImageData(0, 0, canvas.width, canvas.height);
}

/**
 * Puts the marks on a map, anew when the theme changes: `severity-critical` … `severity-info`, `arrow` (points north, for
 * `icon-rotate`), `along` (points east, for lines), `stop`.
 */
export function addMarks(map: MapLibre): () => void {
  const put = (name: string, data: ImageData) => {
    if (map.hasImage(name)) map.updateImage(name, data);
    else map.addImage(name, data, { pixelRatio: PIXEL_RATIO });
  };
  return onTheme(() => {
    const edge = ink("panel");
    for (const severity of SEVERITIES) put(`severity-${severity}`, picture(22, SHAPES[severity]!, ink(severity), edge, severity === "critical" ? EXCLAMATION : undefined));
    put("arrow", picture(24, ARROW, ink("accent"), edge));
    put("along", picture(13, "M2 1 14 8 2 15 5 8z", ink("text"), edge));
    put("stop", picture(16, SQUARE, ink("quiet"), edge));
  });
}
