/** What the screen shows, and when the feed must be told. */

import type { Map as MapLibre } from "maplibre-gl";
import { stored } from "../../map/base";

export type Bbox = [west: number, south: number, east: number, north: number];

export const WORLD: Bbox = [-180, -85, 180, 85];
/** From this zoom on the service sends points, below it cells. */
const POINTS_ZOOM = 8;
/** Asked for beyond the screen, a share of each side: small movements need no new snapshot. */
const MARGIN = 0.25;
/** Asked for so many times the screen's width: zooming in, the rest is not worth its bytes. */
const TOO_WIDE = 4;

const clamp = (value: number, most: number): number => Math.max(-most, Math.min(most, value));

/** The screen in WGS-84. */
export function boundsOf(map: MapLibre): Bbox {
  const bounds = map.getBounds();
  const [west, south] = stored([bounds.getWest(), bounds.getSouth()]);
  const [east, north] = stored([bounds.getEast(), bounds.getNorth()]);
  return [clamp(west, 180), clamp(south, 85), clamp(east, 180), clamp(north, 85)];
}

export function wider([west, south, east, north]: Bbox): Bbox {
  const [x, y] = [(east - west) * MARGIN, (north - south) * MARGIN];
  return [clamp(west - x, 180), clamp(south - y, 85), clamp(east + x, 180), clamp(north + y, 85)];
}

/** Whether what was asked for no longer does for the screen. */
export function isToAsk(asked: { bbox: number[]; zoom: number }, { bbox, zoom }: { bbox: Bbox; zoom: number }, isRaw: boolean): boolean {
  const [west, south, east, north] = asked.bbox as Bbox;
  if (bbox[0] < west || bbox[1] < south || bbox[2] > east || bbox[3] > north) return true;
  if (east - west > (bbox[2] - bbox[0]) * TOO_WIDE) return true;
  if (isRaw) return false;
  if (zoom >= POINTS_ZOOM !== asked.zoom >= POINTS_ZOOM) return true;
  // Cells are squares of the zoom they were asked at.
  return zoom < POINTS_ZOOM && Math.floor(zoom) !== Math.floor(asked.zoom);
}
