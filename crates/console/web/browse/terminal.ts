/** A terminal of JT/T 808-2013 as small as it can be: registers, authenticates, calls for help. */

import { once } from "node:events";
import { connect, type Socket } from "node:net";

const MARK = 0x7e;

function frame(id: number, number: string, serial: number, body: Buffer): Buffer {
  const head = Buffer.alloc(12);
  head.writeUInt16BE(id, 0);
  head.writeUInt16BE(body.length, 2);
  Buffer.from(number.padStart(12, "0"), "hex").copy(head, 4);
  head.writeUInt16BE(serial, 10);
  const plain = Buffer.concat([head, body]);
  const bytes = [...plain, plain.reduce((sum, byte) => sum ^ byte, 0)];
  return Buffer.from([MARK, ...bytes.flatMap((byte) => (byte === MARK ? [0x7d, 2] : byte === 0x7d ? [0x7d, 1] : [byte])), MARK]);
}

/** Twelve digits of China's clock. */
const stamp = () => Buffer.from(new Date(Date.now() + 8 * 3600_000).toISOString().replace(/\D/g, "").slice(2, 14), "hex");

export class Terminal {
  private serial = 0;
  private constructor(
    private readonly socket: Socket,
    private readonly number: string,
  ) {}

  /** Registered and authenticated; `plate` begins with 藏, whose GBK is b2d8. */
  static async start(port: number, number: string, plate: string): Promise<Terminal> {
    const socket = connect(port, "127.0.0.1");
    await once(socket, "connect");
    const terminal = new Terminal(socket, number);
    const registration = Buffer.concat([
      Buffer.from([0, 54, 0, 1]), Buffer.from("MAKER"), Buffer.alloc(20, 0), Buffer.from(number.slice(-7)), Buffer.from([2, 0xb2, 0xd8]), Buffer.from(plate.slice(1), "ascii"),
    ]);
    const answer = await terminal.say(0x0100, registration);
    // | mark | head 12 | serial 2 | result 1 | code … | check | mark |
    if (answer[15] !== 0) throw new Error(`terminal ${number} is not registered: ${answer.toString("hex")}`);
    await terminal.say(0x0102, answer.subarray(16, -2));
    return terminal;
  }

  /** A report with the driver's call for help, bit 0 of table 24. */
  async callForHelp(lon: number, lat: number): Promise<void> {
    const body = Buffer.alloc(28);
    body.writeUInt32BE(1, 0);
    body.writeUInt32BE(3, 4);
    body.writeUInt32BE(Math.round(lat * 1e6), 8);
    body.writeUInt32BE(Math.round(lon * 1e6), 12);
    stamp().copy(body, 22);
    await this.say(0x0200, body);
  }

  end(): void {
    this.socket.destroy();
  }

  private async say(id: number, body: Buffer): Promise<Buffer> {
    this.socket.write(frame(id, this.number, this.serial++, body));
    const [answer] = (await once(this.socket, "data")) as [Buffer];
    return Buffer.from(answer.toString("latin1").replace(/\x7d\x02/g, "~").replace(/\x7d\x01/g, "}"), "latin1");
  }
}
