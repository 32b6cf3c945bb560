// Building elements. Text always goes in as text: nothing from outside becomes markup.

const SVG = "http://www.w3.org/2000/svg";

/** An element: attributes that are functions become listeners, `false` and `null` leave out. */
export function h(tag, attributes = {}, ...children) {
  return fill(document.createElement(tag), attributes, children);
}

export function svg(tag, attributes = {}, ...children) {
  return fill(document.createElementNS(SVG, tag), attributes, children);
}

function fill(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === false || value === null || value === undefined) continue;
    if (typeof value === "function") element.addEventListener(name, value);
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

/** 中文 English, the second one quieter. */
export function both([zh, en]) {
  return en ? [zh, " ", h("span", { class: "en", lang: "en" }, en)] : [zh];
}

export const $ = (id) => document.getElementById(id);

/** Severity as a shape: circle, triangle, diamond, octagon. */
const SHAPES = {
  info: "M8 2.5a5.5 5.5 0 1 0 .01 0z",
  minor: "M8 2 15 14H1z",
  major: "M8 .8 15.2 8 8 15.2.8 8z",
  critical: "M5 1h6l4 4v6l-4 4H5l-4-4V5z",
};

export function badge(severity, size = 16) {
  const mark = severity === "critical"
    ? svg("path", { d: "M8 4v5m0 2v1.6", stroke: "var(--panel)", "stroke-width": 2 })
    : null;
  const hollow = severity === "info";
  return svg("svg", { viewBox: "0 0 16 16", width: size, height: size, class: severity, "aria-hidden": "true" },
    svg("path", { d: SHAPES[severity] ?? SHAPES.info, fill: hollow ? "none" : "var(--tone)", stroke: "var(--tone)", "stroke-width": hollow ? 2 : 0 }), mark);
}

let quiet;
/** A short word at the foot of the page; screen readers hear it. */
export function say(text) {
  $("say").textContent = text;
  clearTimeout(quiet);
  quiet = setTimeout(() => { $("say").textContent = ""; }, 6000);
}
