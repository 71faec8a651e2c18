import { connect } from "node:net";

/** A request as it goes over the wire: whatever a client could send, and what none would. */
export type RawRequest = {
  method: string;
  target: string;
  headers: readonly (readonly [string, string])[];
  /** In chunks instead of with its length. */
  isChunked?: boolean;
  body?: Buffer;
};

export type RawAnswer = { status: number; headers: [string, string][]; body: string };

/** Sends one request on a connection of its own, and reads until the server hangs up. */
export async function sendRaw(port: number, request: RawRequest): Promise<RawAnswer> {
  return readRaw(await exchange(port, wireOf(request)));
}

export function wireOf({ method, target, headers, isChunked = false, body }: RawRequest): Buffer {
  const framing =
    body === undefined
      ? []
      : [isChunked ? ["transfer-encoding", "chunked"] : ["content-length", body.length]];
  const lines = [...headers, ...framing, ["connection", "close"]].map(
    ([name, value]) => `${name}: ${value}\r\n`,
  );
  const head = Buffer.from(`${method} ${target} HTTP/1.1\r\n${lines.join("")}\r\n`, "latin1");
  if (body === undefined) return head;
  const chunk =
    body.length === 0 ? [] : [Buffer.from(`${body.length.toString(16)}\r\n`), body, Buffer.from("\r\n")];
  return Buffer.concat(isChunked ? [head, ...chunk, Buffer.from("0\r\n\r\n")] : [head, body]);
}

function exchange(port: number, sent: Buffer): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    const socket = connect({ port, host: "127.0.0.1", noDelay: true }, () => socket.write(sent));
    socket.on("data", (chunk) => {
      chunks.push(chunk);
      // A stream's last event; it is for the client to hang up then.
      if (/\nevent: (return|serialized-error)\n/.test(chunk.toString())) socket.end();
    });
    socket.on("error", reject);
    socket.on("end", () => resolve(Buffer.concat(chunks)));
    socket.setTimeout(10_000, () => socket.destroy(new Error("no answer")));
  });
}

/** One whole answer, its body put together. */
function readRaw(received: Buffer): RawAnswer {
  // What only says "go on" comes before.
  const interim =
    received.subarray(0, 12).toString("latin1") === "HTTP/1.1 100" ? received.indexOf("\r\n\r\n") + 4 : 0;
  const answer = received.subarray(interim);
  const end = answer.indexOf("\r\n\r\n");
  const [first = "", ...lines] = answer.subarray(0, end).toString("latin1").split("\r\n");
  const headers = lines.map((line): [string, string] => {
    const colon = line.indexOf(":");
    return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
  });
  const rest = answer.subarray(end + 4);
  const isChunked = headers.some(([name, value]) => name === "transfer-encoding" && value === "chunked");
  return {
    status: Number(first.slice(9, 12)),
    headers,
    body: (isChunked ? joinChunks(rest) : rest).toString("utf8"),
  };
}

function joinChunks(bytes: Buffer): Buffer {
  const chunks: Buffer[] = [];
  for (let at = 0; at < bytes.length; ) {
    const lineEnd = bytes.indexOf("\r\n", at);
    const size = Number.parseInt(bytes.toString("latin1", at, lineEnd), 16);
    chunks.push(bytes.subarray(lineEnd + 2, lineEnd + 2 + size));
    at = lineEnd + 2 + size + 2;
  }
  return Buffer.concat(chunks);
}
