/** A server of raster tiles on this machine, each of the colour that says which tile it is. */

import { once } from "node:events";
import { createServer, type Server } from "node:http";
import { crc32, deflateSync } from "node:zlib";

const SIDE = 256;

/** Red and green are the lower bytes of x and y, blue tells the zoom. */
const colour = (z: number, x: number, y: number): [number, number, number] => [x & 255, y & 255, blueOf(z)];

function png([red, green, blue]: [number, number, number]): Buffer {
  const chunk = (name: string, data: Buffer) => {
    const body = Buffer.concat([Buffer.from(name), data]);
    const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)];
    length.writeUInt32BE(data.length);
    sum.writeUInt32BE(crc32(body));
    return Buffer.concat([length, body, sum]);
  };
  const head = Buffer.alloc(13);
  head.writeUInt32BE(SIDE, 0);
  head.writeUInt32BE(SIDE, 4);
  head.set([8, 2], 8);
  const row = Buffer.concat([Buffer.from([0]), Buffer.alloc(SIDE * 3, Buffer.from([red, green, blue]))]);
  const signature = Buffer.from("89504e470d0a1a0a", "hex");
  return Buffer.concat([signature, chunk("IHDR", head), chunk("IDAT", deflateSync(Buffer.concat(Array<Buffer>(SIDE).fill(row)))), chunk("IEND", Buffer.alloc(0))]);
}

export class Tiles {
  readonly asked: string[] = [];
  private constructor(
    private readonly server: Server,
    readonly origin: string,
  ) {}

  static async start(): Promise<Tiles> {
    const server = createServer();
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const address = server.address();
    if (address === null || typeof address === "string") throw new Error("the tile server has no port");
    const tiles = new Tiles(server, `http://127.0.0.1:${address.port}`);
    server.on("request", (request, response) => {
      tiles.asked.push(request.url ?? "");
      const [z, x, y] = (request.url?.match(/^\/(\d+)\/(\d+)\/(\d+)\.png$/) ?? []).slice(1).map(Number);
      const isTile = z !== undefined && x !== undefined && y !== undefined;
      response.writeHead(isTile ? 200 : 404, { "Access-Control-Allow-Origin": "*", "Content-Type": "image/png" });
      response.end(isTile ? png(colour(z, x, y)) : undefined);
    });
    return tiles;
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((done) => this.server.close(done));
  }
}

/** Colours of four tiles that meet, and where; looked for in the browser, which can read pictures. `blues` are those a zoom may have. */
export async function meeting([picture, blues]: [picture: string, blues: number[]]): Promise<{ x: number; y: number; colour: [number, number, number] } | null> {
  const image = new Image();
  image.src = `data:image/png;base64,${picture}`;
  await image.decode();
  const { width, height } = image;
  const context = new OffscreenCanvas(width, height).getContext("2d");
  context?.drawImage(image, 0, 0);
  const data = context?.getImageData(0, 0, width, height).data ?? new Uint8ClampedArray();
  const at = (x: number, y: number) => [...data.subarray((y * width + x) * 4, (y * width + x) * 4 + 3)] as [number, number, number];
  // Away from the edges, so that a square can be drawn right of it and below.
  for (let y = 60; y < height - 260; y += 1) {
    for (let x = 60; x < width - 260; x += 1) {
      const here = at(x, y);
      const blue = here[2];
      if (!blues.includes(blue)) continue;
      const [right, below] = [at(x + 2, y), at(x, y + 2)];
      const isCorner = right[0] === ((here[0] + 1) & 255) && right[1] === here[1] && below[1] === ((here[1] + 1) & 255) && below[0] === here[0];
      if (isCorner && right[2] === blue && below[2] === blue) return { x: x + 1, y: y + 1, colour: here };
    }
  }
  return null;
}

const ZOOMS = 20;
/** Far apart from one zoom to the next: while tiles of one fade into those of the other, what is seen is of neither. */
function blueOf(zoom: number): number {
  return zoom % 2 === 0 ? 2 * zoom + 10 : 245 - 2 * zoom;
}
export const BLUES: number[] = Array.from({ length: ZOOMS }, (_, zoom) => blueOf(zoom));

/** Where the corner of these colours is, in the tiles' own system, and at which zoom. Their lower bytes tell tiles of the region around Lhasa apart. */
export function cornerAt([red, green, blue]: [number, number, number]): { zoom: number; place: [lon: number, lat: number] } {
  const zoom = BLUES.indexOf(blue);
  const [lon, lat] = [91.1, 29.65];
  const [middleX, middleY] = [((lon + 180) / 360) * 2 ** zoom, ((1 - Math.asinh(Math.tan((lat * Math.PI) / 180)) / Math.PI) / 2) * 2 ** zoom];
  const whole = (about: number, low: number) => Math.round((about - low) / 256) * 256 + low + 1;
  const [x, y] = [whole(middleX, red), whole(middleY, green)];
  return { zoom, place: [(x / 2 ** zoom) * 360 - 180, (Math.atan(Math.sinh(Math.PI * (1 - (2 * y) / 2 ** zoom))) * 180) / Math.PI] };
}
