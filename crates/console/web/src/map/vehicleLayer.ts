/**
 * All vehicles in one draw of points: 100,000 of them without a tile being cut again. Shape by class, colour by the worst
 * open alert, heading turned in the shader, offline grey, the chosen one ringed.
 */

import type { CustomLayerInterface, CustomRenderMethodInput, Map as MapLibre } from "maplibre-gl";
import { ORIGIN, STRIDE, type Fleet } from "./fleet";
import { ink, onTheme, SEVERITIES } from "./ink";
import { atlas, COLUMNS, ROWS } from "./vehicleMarks";

/** Below so many pixels a shape can't be told and a dot is drawn. */
const LEAST_SHAPE_PX = 10;
/** Dots of vehicles with an open alert are so many times as large. */
const MARKED = 1.7;

const VERTEX = `#version 300 es
in vec2 a_place;
in vec4 a_look; // heading in 1.5 degrees, state, is there, 0
uniform mat4 u_matrix;
uniform float u_size;
uniform int u_chosen;
uniform vec4 u_inks[6];
flat out vec4 v_ink;
flat out vec2 v_turn;
flat out vec2 v_cell;
flat out float v_ring;
void main() {
  int state = int(a_look.y);
  int severity = min((state >> 2) & 7, 4);
  bool isOnline = (state & 1) != 0;
  bool isMoving = (state & 2) != 0;
  bool isChosen = gl_VertexID == u_chosen;
  if (a_look.z < 0.5) {
    gl_Position = vec4(2.0, 2.0, 2.0, 1.0);
    gl_PointSize = 0.0;
    return;
  }
  gl_Position = u_matrix * vec4(a_place, 0.0, 1.0);
  float size = u_size * (severity > 1 ? 1.25 : 1.0);
  gl_PointSize = isChosen ? max(size, 16.0) * 2.2 : size;
  v_ring = isChosen ? 2.2 : 1.0;
  v_ink = isOnline ? u_inks[severity] : u_inks[5];
  bool isPointing = isMoving && a_look.x < 254.5;
  float angle = isPointing ? radians(a_look.x * 1.5) : 0.0;
  v_turn = vec2(cos(angle), sin(angle));
  v_cell = vec2(isPointing ? 0.0 : 1.0, float(min(state >> 5, ${ROWS - 1})));
}`;

/** Dots have a program of their own: without a graphics card each line of it is paid for 100,000 times. */
const DOTS_VERTEX = `#version 300 es
in vec2 a_place;
in vec4 a_look;
uniform mat4 u_matrix;
uniform float u_size;
uniform vec4 u_inks[6];
flat out vec4 v_ink;
void main() {
  int state = int(a_look.y);
  bool isThere = a_look.z > 0.5;
  gl_Position = isThere ? u_matrix * vec4(a_place, 0.0, 1.0) : vec4(2.0, 2.0, 2.0, 1.0);
  gl_PointSize = isThere ? u_size : 0.0;
  v_ink = (state & 1) != 0 ? u_inks[min((state >> 2) & 7, 4)] : u_inks[5];
}`;

const DOTS_FRAGMENT = `#version 300 es
precision mediump float;
flat in vec4 v_ink;
out vec4 color;
void main() {
  vec2 p = gl_PointCoord - 0.5;
  if (dot(p, p) > 0.25) discard;
  color = vec4(v_ink.rgb, 1.0) * v_ink.a;
}`;

const FRAGMENT = `#version 300 es
precision mediump float;
uniform sampler2D u_atlas;
uniform vec4 u_edge;
uniform vec4 u_ring;
flat in vec4 v_ink;
flat in vec2 v_turn;
flat in vec2 v_cell;
flat in float v_ring;
out vec4 color;
void main() {
  vec2 p = (gl_PointCoord - 0.5) * v_ring;
  float far = length(p);
  if (v_ring > 1.0 && far > 0.62) {
    float on = 1.0 - smoothstep(0.07, 0.13, abs(far - 0.9));
    color = vec4(u_ring.rgb, 1.0) * on;
    return;
  }
  vec2 q = vec2(v_turn.x * p.x + v_turn.y * p.y, v_turn.x * p.y - v_turn.y * p.x);
  if (abs(q.x) > 0.49 || abs(q.y) > 0.49) discard;
  vec4 mask = texture(u_atlas, (v_cell + q + 0.5) / vec2(${COLUMNS}.0, ${ROWS}.0));
  if (mask.a < 0.05) discard;
  vec3 mixed = (v_ink.rgb * mask.r + u_edge.rgb * mask.g) / max(mask.r + mask.g, 0.001);
  color = vec4(mixed, 1.0) * mask.a * v_ink.a;
}`;

function compile(gl: WebGL2RenderingContext, type: number, source: string): WebGLShader {
  const shader = gl.createShader(type)!;
  gl.shaderSource(shader, source);
  gl.compileShader(shader);
  if (!gl.getShaderParameter(shader, gl.COMPILE_STATUS) && !gl.isContextLost()) throw new Error(`vehicles: ${gl.getShaderInfoLog(shader)}`);
  return shader;
}

/** Attributes stand where they are told to, so that both programs read one array. */
const [PLACE, LOOK] = [0, 1];

function link(gl: WebGL2RenderingContext, vertex: string, fragment: string): Program {
  const program = gl.createProgram()!;
  gl.attachShader(program, compile(gl, gl.VERTEX_SHADER, vertex));
  gl.attachShader(program, compile(gl, gl.FRAGMENT_SHADER, fragment));
  gl.bindAttribLocation(program, PLACE, "a_place");
  gl.bindAttribLocation(program, LOOK, "a_look");
  gl.linkProgram(program);
  const names = ["u_matrix", "u_size", "u_chosen", "u_inks", "u_atlas", "u_edge", "u_ring"] as const;
  return { program, at: Object.fromEntries(names.map((name) => [name, gl.getUniformLocation(program, name)])) };
}

type Program = { program: WebGLProgram; at: Record<string, WebGLUniformLocation | null> };

const rgb = (color: string): [number, number, number] => {
  const value = Number.parseInt(color.replace("#", "").slice(0, 6), 16);
  return [((value >> 16) & 255) / 255, ((value >> 8) & 255) / 255, (value & 255) / 255];
};

/** Pixels of a mark by zoom. */
export function sizeAt(zoom: number): number {
  const stops: [number, number][] = [[3, 3.5], [6, 5], [8, 9], [9, 13], [11, 18], [14, 26], [18, 34]];
  const next = stops.findIndex(([at]) => at > zoom);
  if (next === 0) return stops[0]![1];
  if (next < 0) return stops.at(-1)![1];
  const [[z0, s0], [z1, s1]] = [stops[next - 1]!, stops[next]!];
  return s0 + ((zoom - z0) / (z1 - z0)) * (s1 - s0);
}

export class VehicleLayer implements CustomLayerInterface {
  readonly id = "vehicles";
  readonly type = "custom" as const;
  readonly renderingMode = "2d" as const;
  /** Slot of the chosen vehicle, -1 for none. */
  chosen = -1;
  isVisible = true;
  private map: MapLibre | undefined;
  private marksProgram: Program | null = null;
  private dotsProgram: Program | null = null;
  private array: WebGLVertexArrayObject | null = null;
  private buffer: WebGLBuffer | null = null;
  private marks: WebGLBuffer | null = null;
  private texture: WebGLTexture | null = null;
  private uploaded = -1;
  private inks = new Float32Array(24);
  private edge: number[] = [0, 0, 0, 1];
  private ring: number[] = [1, 1, 1, 1];
  private forget: (() => void) | undefined;

  constructor(private readonly fleet: Fleet) {}

  onAdd(map: MapLibre, gl: WebGL2RenderingContext): void {
    this.map = map;
    this.uploaded = -1;
    this.marksProgram = link(gl, VERTEX, FRAGMENT);
    this.dotsProgram = link(gl, DOTS_VERTEX, DOTS_FRAGMENT);
    this.array = gl.createVertexArray();
    this.buffer = gl.createBuffer();
    gl.bindVertexArray(this.array);
    gl.bindBuffer(gl.ELEMENT_ARRAY_BUFFER, (this.marks = gl.createBuffer()));
    gl.bindBuffer(gl.ARRAY_BUFFER, this.buffer);
    gl.enableVertexAttribArray(PLACE);
    gl.vertexAttribPointer(PLACE, 2, gl.FLOAT, false, STRIDE, 0);
    gl.enableVertexAttribArray(LOOK);
    gl.vertexAttribPointer(LOOK, 4, gl.UNSIGNED_BYTE, false, STRIDE, 8);
    gl.bindVertexArray(null);
    this.texture = gl.createTexture();
    gl.bindTexture(gl.TEXTURE_2D, this.texture);
    gl.pixelStorei(gl.UNPACK_FLIP_Y_WEBGL, false);
    gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGBA, gl.RGBA, gl.UNSIGNED_BYTE, atlas());
    gl.generateMipmap(gl.TEXTURE_2D);
    gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MIN_FILTER, gl.LINEAR_MIPMAP_NEAREST);
    gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MAG_FILTER, gl.LINEAR);
    gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_WRAP_S, gl.CLAMP_TO_EDGE);
    gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_WRAP_T, gl.CLAMP_TO_EDGE);
    this.forget?.();
    this.forget = onTheme(() => this.paint());
  }

  onRemove(_map: MapLibre, gl: WebGL2RenderingContext): void {
    this.forget?.();
    for (const one of [this.marksProgram, this.dotsProgram]) gl.deleteProgram(one?.program ?? null);
    gl.deleteBuffer(this.buffer);
    gl.deleteBuffer(this.marks);
    gl.deleteTexture(this.texture);
    gl.deleteVertexArray(this.array);
  }

  private paint(): void {
    const colors = ["good", ...SEVERITIES].map((token) => [...rgb(ink(token)), 1]);
    this.inks.set([...colors, [...rgb(ink("quiet")), 0.75]].flat());
    this.edge = [...rgb(ink("panel")), 1];
    this.ring = [...rgb(ink("accent")), 1];
    this.map?.triggerRepaint();
  }

  render(gl: WebGL2RenderingContext, { defaultProjectionData }: CustomRenderMethodInput): void {
    const { fleet, map, marksProgram, dotsProgram } = this;
    if (!map || !marksProgram || !dotsProgram || !this.isVisible || fleet.count === 0) return;
    gl.bindVertexArray(this.array);
    this.upload(gl);
    gl.activeTexture(gl.TEXTURE0);
    gl.bindTexture(gl.TEXTURE_2D, this.texture);
    gl.enable(gl.BLEND);
    gl.blendFunc(gl.ONE, gl.ONE_MINUS_SRC_ALPHA);
    gl.disable(gl.DEPTH_TEST);
    gl.disable(gl.STENCIL_TEST);
    const matrix = moved(defaultProjectionData.mainMatrix);
    const size = sizeAt(map.getZoom());
    const isDots = size < LEAST_SHAPE_PX;
    this.use(gl, isDots ? dotsProgram : marksProgram, matrix, size);
    gl.drawArrays(gl.POINTS, 0, fleet.length);
    // What matters is drawn once more over the rest, and is larger where all are dots.
    if (fleet.marked > 0) {
      this.use(gl, isDots ? dotsProgram : marksProgram, matrix, isDots ? size * MARKED : size);
      gl.drawElements(gl.POINTS, fleet.marked, gl.UNSIGNED_INT, 0);
    }
    if (this.chosen >= 0 && fleet.has(this.chosen)) {
      this.use(gl, marksProgram, matrix, size);
      gl.drawArrays(gl.POINTS, this.chosen, 1);
    }
    gl.bindVertexArray(null);
  }

  private upload(gl: WebGL2RenderingContext): void {
    const { fleet } = this;
    if (this.uploaded === fleet.version) return;
    gl.bindBuffer(gl.ARRAY_BUFFER, this.buffer);
    gl.bufferData(gl.ARRAY_BUFFER, fleet.bytes.subarray(0, fleet.length * STRIDE), gl.DYNAMIC_DRAW);
    gl.bufferData(gl.ELEMENT_ARRAY_BUFFER, fleet.marks.subarray(0, fleet.marked), gl.DYNAMIC_DRAW);
    this.uploaded = fleet.version;
  }

  private use(gl: WebGL2RenderingContext, { program, at }: Program, matrix: Float32Array, size: number): void {
    gl.useProgram(program);
    gl.uniformMatrix4fv(at.u_matrix!, false, matrix);
    gl.uniform1f(at.u_size!, size * devicePixelRatio);
    gl.uniform4fv(at.u_inks!, this.inks);
    if (!at.u_atlas) return;
    gl.uniform1i(at.u_atlas, 0);
    gl.uniform1i(at.u_chosen!, this.chosen);
    gl.uniform4fv(at.u_edge!, this.edge);
    gl.uniform4fv(at.u_ring!, this.ring);
  }
}

/** The matrix for places told from `ORIGIN`: the product is made in f64, so that nothing is lost to the large numbers. */
function moved(matrix: ArrayLike<number>): Float32Array {
  const made = Float32Array.from(matrix);
  for (let row = 0; row < 4; row++) made[12 + row] = matrix[row]! * ORIGIN.x + matrix[4 + row]! * ORIGIN.y + matrix[12 + row]!;
  return made;
}
