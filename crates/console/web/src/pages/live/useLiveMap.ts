/** The live map: the feed of positions, what is drawn from it, what is under the pointer, who is followed. */

import type { Map as MapLibre, MapMouseEvent } from "maplibre-gl";
import { computed, reactive, ref, shallowRef, watch } from "vue";
import { AlertsLayer } from "../../map/alerts";
import { shown } from "../../map/base";
import { CellsLayer } from "../../map/cells";
import { Feed, type FeedState } from "../../map/feed";
import { Fleet, mercatorX, mercatorY } from "../../map/fleet";
import { classOf, isOnline, severityOf, type Cell, type Frame } from "../../map/frames";
import { Grid } from "../../map/grid";
import { SEVERITIES } from "../../map/ink";
import { Ruler } from "../../map/ruler";
import { TrackLayer, type TrackPoint } from "../../map/track";
import { sizeAt, VehicleLayer } from "../../map/vehicleLayer";
import { ZonesLayer } from "../../map/zones";
import { boundsOf, isToAsk, WORLD, wider } from "./view";

/** What a tip and the list beside the map say of a vehicle on it. */
export type Seen = { slot: number; terminal: string | null; plate: string; class: string | null; operator: string; severity: string | null; isOnline: boolean; speed: number; heading: number | null; time: number; lon: number; lat: number };
export type Shown = { vehicles: boolean; raw: boolean; alerts: boolean; zones: boolean; routes: boolean; divisions: boolean };

const STORED = "roadwarden.live.layers";
const PICK_PX = 6;
/** Asking follows a moving map no faster than this, ms. */
const ASK_MS = 300;
/** A followed vehicle that leaves the middle by this share of the screen is brought back. */
const FOLLOW_SHARE = 0.08;
const FOLLOW_MS = 600;
/** Zoom at which a vehicle that was looked for is shown. */
export const CLOSE_ZOOM = 13;

export function useLiveMap() {
  const fleet = new Fleet();
  const vehicles = new VehicleLayer(fleet);
  const map = shallowRef<MapLibre>();
  const state = ref<FeedState>("opening");
  const reason = ref("");
  const seen = shallowRef({ count: 0, isCells: false, isCut: false, time: 0 });
  const tip = shallowRef<(Seen & { x: number; y: number }) | null>(null);
  const selected = ref<string | null>(null);
  const isFollowing = ref(false);
  const isMeasuring = ref(false);
  const layers = reactive<Shown>({ vehicles: true, raw: false, alerts: true, zones: true, routes: true, divisions: false, ...(JSON.parse(localStorage.getItem(STORED) ?? "{}") as Partial<Shown>) });
  const filter = reactive<{ classes: string[]; operator: string | null }>({ classes: [], operator: null });
  /** The vehicle that is selected, as the feed has it; null where it isn't in view. */
  const selectedSeen = shallowRef<Seen | null>(null);
  let on: { feed: Feed; cells: CellsLayer; alerts: AlertsLayer; zones: ZonesLayer; past: TrackLayer; ruler: Ruler } | null = null;
  let asked: { bbox: number[]; zoom: number } | null = null;
  let askedAt = 0;
  let asking: ReturnType<typeof setTimeout> | undefined;
  let grid: { grid: Grid; key: string } | null = null;
  let fitting: ((cells: Cell[]) => void) | null = null;

  function look(slot: number): Seen {
    const named = fleet.names.get(slot);
    const bits = fleet.state(slot);
    return {
      slot,
      terminal: named?.terminal ?? null,
      plate: named?.plate ?? "",
      class: classOf(bits),
      operator: named?.operator ?? "",
      severity: SEVERITIES[severityOf(bits) - 1] ?? null,
      isOnline: isOnline(bits),
      speed: fleet.speed[slot] ?? 0,
      heading: fleet.heading(slot),
      time: (fleet.time[slot] ?? 0) * 1000,
      lon: fleet.lon[slot] ?? 0,
      lat: fleet.lat[slot] ?? 0,
    };
  }

  // ---- the feed

  function ask(isForced = false): void {
    const made = map.value;
    if (!made || !on || fitting) return;
    const view = { bbox: boundsOf(made), zoom: made.getZoom() };
    if (!isForced && asked && !isToAsk(asked, view, layers.raw)) return;
    clearTimeout(asking);
    const wait = askedAt + ASK_MS - Date.now();
    if (wait > 0) {
      asking = setTimeout(() => ask(isForced), wait);
      return;
    }
    askedAt = Date.now();
    asked = { bbox: wider(view.bbox), zoom: view.zoom };
    on.feed.ask({ view: { bbox: wider(view.bbox), zoom: view.zoom }, classes: [...filter.classes], operator: filter.operator, raw: layers.raw });
  }

  function hear(frame: Frame, isFirst: boolean): void {
    if (isFirst) fleet.forget();
    if (frame.kind === "names") fleet.name(frame.names);
    else if (frame.kind === "cells") {
      fleet.clear();
      on?.cells.show(frame.cells);
      fitting?.(frame.cells);
      seen.value = { count: frame.cells.reduce((sum, cell) => sum + cell.count, 0), isCells: true, isCut: frame.isCut, time: frame.time };
    } else {
      if (frame.kind === "snapshot") {
        fleet.replace(frame.points);
        if (seen.value.isCells) on?.cells.show([]);
      } else fleet.put(frame.points);
      seen.value = { count: fleet.count, isCells: false, isCut: frame.isCut, time: frame.time };
    }
    track();
    map.value?.triggerRepaint();
  }

  /** Rings the selected vehicle, and keeps it in view where it is followed. */
  function track(): void {
    const slot = selected.value === null ? undefined : fleet.slotOf(selected.value);
    const isThere = slot !== undefined && fleet.has(slot);
    vehicles.chosen = isThere ? slot : -1;
    selectedSeen.value = isThere ? look(slot) : null;
    const made = map.value;
    if (!isFollowing.value || !isThere || !made || made.isMoving()) return;
    const at = made.project(shown([fleet.lon[slot]!, fleet.lat[slot]!]));
    // The middle of what the card leaves free.
    const middle = made.project(made.getCenter());
    const { width, height } = made.getContainer().getBoundingClientRect();
    if (Math.abs(at.x - middle.x) > width * FOLLOW_SHARE || Math.abs(at.y - middle.y) > height * FOLLOW_SHARE) {
      made.easeTo({ center: shown([fleet.lon[slot]!, fleet.lat[slot]!]), duration: FOLLOW_MS, easing: (x) => x });
    }
  }

  // ---- the pointer

  function pick({ point }: MapMouseEvent): number {
    const made = map.value;
    if (!made || !layers.vehicles || fleet.count === 0) return -1;
    // The picture's own degrees: what is drawn is picked as it is drawn.
    const bounds = made.getBounds();
    const box = { west: mercatorX(bounds.getWest()), east: mercatorX(bounds.getEast()), north: mercatorY(bounds.getNorth()), south: mercatorY(bounds.getSouth()) };
    const key = `${fleet.version} ${box.west} ${box.north} ${box.east}`;
    if (grid?.key !== key) grid = { key, grid: new Grid(fleet, box) };
    const at = made.unproject(point);
    const perPixel = 1 / (512 * 2 ** made.getZoom());
    return grid.grid.nearest(mercatorX(at.lng), mercatorY(at.lat), Math.max(PICK_PX, sizeAt(made.getZoom()) / 2 + 3) * perPixel);
  }

  function hover(event: MapMouseEvent): void {
    if (isMeasuring.value) return;
    const slot = pick(event);
    if (slot >= 0 || tip.value) tip.value = slot < 0 ? null : { ...look(slot), x: event.point.x, y: event.point.y };
    event.target.getCanvas().style.cursor = slot >= 0 ? "pointer" : "";
  }

  function click(event: MapMouseEvent): void {
    if (isMeasuring.value) return;
    const slot = pick(event);
    const terminal = slot < 0 ? null : (fleet.names.get(slot)?.terminal ?? null);
    if (terminal) select(terminal);
  }

  function select(terminal: string | null): void {
    selected.value = terminal;
    if (terminal === null) isFollowing.value = false;
    track();
    map.value?.triggerRepaint();
  }

  // ---- the map

  function ready(made: MapLibre): void {
    map.value = made;
    const zones = new ZonesLayer(made);
    const past = new TrackLayer(made, "past");
    const cells = new CellsLayer(made);
    made.addLayer(vehicles);
    const alerts = new AlertsLayer(made, (_, terminal) => !isMeasuring.value && select(terminal));
    const ruler = new Ruler(made, () => setTimeout(() => (isMeasuring.value = false)));
    const feed = new Feed({
      frame: hear,
      state: (now, why = "") => {
        state.value = now;
        reason.value = why;
      },
    });
    on = { feed, cells, alerts, zones, past, ruler };
    made.on("move", () => ask());
    made.on("moveend", () => ask());
    made.on("resize", () => ask());
    made.on("mousemove", hover);
    made.on("mouseout", () => (tip.value = null));
    made.on("movestart", () => (tip.value = null));
    made.on("dragstart", () => (isFollowing.value = false));
    made.on("click", click);
    // The map brings back its own layers after the driver restarted, but not this one.
    made.on("webglcontextrestored", () => made.once("idle", () => made.getLayer(vehicles.id) ?? made.addLayer(vehicles, "alerts")));
    watch(layers, applyLayers, { immediate: true });
    watch(filter, () => ask(true));
    watch(
      () => layers.raw,
      () => ask(true),
    );
  }

  function applyLayers(): void {
    localStorage.setItem(STORED, JSON.stringify(layers));
    const made = map.value;
    if (!made || !on) return;
    vehicles.isVisible = layers.vehicles;
    on.cells.setVisible(layers.vehicles);
    on.alerts.setVisible(layers.alerts, layers.raw);
    on.zones.setVisible("zones", layers.zones);
    on.zones.setVisible("routes", layers.routes);
    if (made.getLayer("divisions")) made.setLayoutProperty("divisions", "visibility", layers.divisions ? "visible" : "none");
    made.triggerRepaint();
  }

  /** Shows all vehicles that one may see: asks for the cells of the world, and goes where they are. */
  function fitAll(padding = 60): void {
    const made = map.value;
    if (!made || !on) return;
    isFollowing.value = false;
    fitting = (cells) => {
      fitting = null;
      if (cells.length > 0) {
        const [lons, lats] = [cells.map(({ lon }) => lon), cells.map(({ lat }) => lat)];
        made.fitBounds([shown([Math.min(...lons), Math.min(...lats)]), shown([Math.max(...lons), Math.max(...lats)])], { padding, maxZoom: 11, animate: false });
      }
      ask(true);
    };
    on.feed.ask({ view: { bbox: WORLD, zoom: 5 }, classes: [...filter.classes], operator: filter.operator, raw: false });
  }

  function goTo(lon: number, lat: number, zoom = CLOSE_ZOOM): void {
    map.value?.jumpTo({ center: shown([lon, lat]), zoom: Math.max(zoom, map.value.getZoom()) });
  }

  /** Keeps what is looked at out of what covers the map: pixels at the right and the bottom. */
  function leaveFree(right: number, bottom: number): void {
    map.value?.setPadding({ top: 0, left: 0, right, bottom });
  }

  function measure(): void {
    isMeasuring.value = !isMeasuring.value;
    tip.value = null;
    if (isMeasuring.value) on?.ruler.start();
    else on?.ruler.clear();
  }

  function close(): void {
    clearTimeout(asking);
    on?.feed.close();
    on?.zones.remove();
    on?.cells.remove();
    on?.ruler.remove();
    on?.past.remove();
    on = null;
  }

  return {
    map,
    state,
    reason,
    seen,
    tip,
    selected,
    selectedSeen: computed(() => selectedSeen.value),
    isFollowing,
    isMeasuring,
    layers,
    filter,
    ready,
    select,
    fitAll,
    goTo,
    leaveFree,
    measure,
    endRuler: () => on?.ruler.end(),
    clearRuler: () => on?.ruler.clear(),
    showZones: (...data: Parameters<ZonesLayer["show"]>) => on?.zones.show(...data),
    nameZones: () => on?.zones.name(),
    showAlerts: (...data: Parameters<AlertsLayer["show"]>) => on?.alerts.show(...data),
    showPast: (points: TrackPoint[]) => on?.past.show({ before: points }),
    close,
  };
}
