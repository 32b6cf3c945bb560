/** Whether this browser can draw the map. */

let known: boolean | undefined;

/** WebGL 2, by hardware or in software. */
export function hasWebgl2(): boolean {
  if (known === undefined) {
    const context = document.createElement("canvas").getContext("webgl2");
    known = context !== null;
    context?.getExtension("WEBGL_lose_context")?.loseContext();
  }
  return known;
}
