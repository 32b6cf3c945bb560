/** Open alerts as the shapes of their severity, over everything else. */

import type { Feature } from "geojson";
import type { GeoJSONSource, Map as MapLibre, MapLayerMouseEvent } from "maplibre-gl";
import type { Schemas } from "../api/http";
import { shown } from "./base";
import { SEVERITIES } from "./ink";

const SOURCE = "alerts";
/** From here on vehicles are points and no cells. */
const POINTS_ZOOM = 8;

export class AlertsLayer {
  constructor(
    private readonly map: MapLibre,
    choose: (id: string, terminal: string) => void,
  ) {
    map.addSource(SOURCE, { type: "geojson", data: { type: "FeatureCollection", features: [] } });
    map.addLayer({
      id: SOURCE,
      type: "symbol",
      source: SOURCE,
      layout: {
        "icon-image": ["concat", "severity-", ["get", "severity"]],
        "icon-anchor": "bottom",
        "icon-offset": [0, -4],
        "icon-size": ["interpolate", ["linear"], ["zoom"], 5, 0.7, 10, 1],
        "icon-allow-overlap": true,
        "icon-ignore-placement": true,
        // The worst is drawn last.
        "symbol-sort-key": ["get", "rank"],
      },
    });
    map.on("click", SOURCE, ({ features }: MapLayerMouseEvent) => {
      const properties = features?.[0]?.properties;
      if (properties) choose(String(properties.id), String(properties.terminal));
    });
    map.on("mouseenter", SOURCE, () => (map.getCanvas().style.cursor = "pointer"));
    map.on("mouseleave", SOURCE, () => (map.getCanvas().style.cursor = ""));
  }

  show(alerts: Iterable<Schemas["Alert"]>): void {
    const features = [...alerts].map(
      ({ id, severity, vehicle, position }): Feature => ({
        type: "Feature",
        properties: { id, severity, terminal: vehicle.terminal, rank: SEVERITIES.indexOf(severity as (typeof SEVERITIES)[number]) },
        geometry: { type: "Point", coordinates: shown([position.lon, position.lat]) },
      }),
    );
    void this.map.getSource<GeoJSONSource>(SOURCE)?.setData({ type: "FeatureCollection", features });
  }

  /** Where cells tell the worst of each place, the alerts themselves are not drawn over them. */
  setVisible(isVisible: boolean, isRaw: boolean): void {
    this.map.setLayoutProperty(SOURCE, "visibility", isVisible ? "visible" : "none");
    this.map.setLayerZoomRange(SOURCE, isRaw ? 0 : POINTS_ZOOM, 24);
  }
}
