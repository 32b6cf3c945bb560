/** The places of the console, each loaded when it is first entered. `right` is what one needs to see it. */

import { createRouter, createWebHistory, type RouteRecordRaw } from "vue-router";

/** A place in the navigation. `key` follows `g` on the keyboard. */
export type Place = { name: string; path: string; icon: string; right: string | string[]; key: string; view: () => Promise<unknown> };

export const places: Place[] = [
  { name: "inbox", path: "/", icon: "Bell", right: "alerts", key: "a", view: () => import("./pages/inbox/InboxPage.vue") },
  { name: "live", path: "/live", icon: "MapLocation", right: "vehicles", key: "l", view: () => import("./pages/live/LivePage.vue") },
  { name: "playback", path: "/playback", icon: "VideoPlay", right: "vehicles", key: "p", view: () => import("./pages/playback/PlaybackPage.vue") },
  { name: "dossiers", path: "/dossiers", icon: "Files", right: "vehicles", key: "d", view: () => import("./pages/dossiers/DossiersPage.vue") },
  { name: "statistics", path: "/statistics", icon: "Histogram", right: "statistics", key: "s", view: () => import("./pages/statistics/StatisticsPage.vue") },
  { name: "dangers", path: "/dangers", icon: "Collection", right: "dangers", key: "o", view: () => import("./pages/dangers/DangersPage.vue") },
  { name: "rules", path: "/rules", icon: "SetUp", right: "rules", key: "r", view: () => import("./pages/rules/RulesPage.vue") },
  { name: "zones", path: "/zones", icon: "Place", right: "zones", key: "z", view: () => import("./pages/zones/ZonesPage.vue") },
  { name: "wall", path: "/wall", icon: "Monitor", right: "alerts", key: "w", view: () => import("./pages/wall/WallPage.vue") },
  { name: "system", path: "/system", icon: "Setting", right: ["system", "audit", "security"], key: "y", view: () => import("./pages/system/SystemPage.vue") },
];

/** Places without a row in the navigation. */
const others: RouteRecordRaw[] = [
  { path: "/dossiers/:kind(vehicle|driver|operator)/:id", name: "dossier", component: () => import("./pages/dossiers/DossierPage.vue"), meta: { right: "vehicles" } },
  { path: "/:rest(.*)*", name: "lost", component: () => import("./pages/LostPage.vue") },
];

export const router = createRouter({
  history: createWebHistory(),
  routes: [
    ...places.map(({ name, path, right, view }) => ({ name, path, component: view, meta: { right, bare: name === "wall" } }) as RouteRecordRaw),
    ...others,
  ],
});
