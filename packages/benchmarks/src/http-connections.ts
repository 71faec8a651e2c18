import { connect, type Socket } from "node:net";

/** An answer to a request: its status and its body as text. */
export interface HttpAnswer {
  status: number;
  body: string;
}

/** One kept-alive connection, one request at a time. It costs a load process far less than a general client. */
export interface HttpConnection {
  /** @param request as it goes over the wire (`httpRequest`) */
  ask(request: string): Promise<HttpAnswer>;
  close(): void;
}

/** A request as it goes over the wire. */
export function httpRequest(
  method: string,
  url: string,
  headers: Readonly<Record<string, string>>,
  body?: string,
): string {
  const { host, pathname, search } = new URL(url);
  const length =
    body === undefined
      ? {}
      : { "content-type": "application/json", "content-length": String(Buffer.byteLength(body)) };
  const lines = Object.entries({ host, ...headers, ...length }).map(
    ([name, value]) => `${name}: ${value}\r\n`,
  );
  return `${method} ${pathname}${search} HTTP/1.1\r\n${lines.join("")}\r\n${body ?? ""}`;
}

/**
 * Connects to `http://host:port`. A connection that ends in the middle fails its request; one that the server ended while
 * nothing was asked, as servers do after some seconds, is opened again.
 */
export async function openConnection(url: string): Promise<HttpConnection> {
  let connection = await openOnce(url);
  let isClosed = false;
  return {
    async ask(request) {
      if (connection.isOver() && !isClosed) connection = await openOnce(url);
      return connection.ask(request);
    },
    close() {
      isClosed = true;
      connection.close();
    },
  };
}

async function openOnce(url: string): Promise<HttpConnection & { isOver(): boolean }> {
  const { hostname, port } = new URL(url);
  const socket = connect({ host: hostname, port: Number(port), noDelay: true });
  await connected(socket);
  let received = Buffer.alloc(0);
  let waiting: PromiseWithResolvers<HttpAnswer> | null = null;

  const fail = (error: Error) => {
    waiting?.reject(error);
    waiting = null;
  };
  socket.on("error", fail);
  socket.on("close", () => fail(new Error("the connection was closed")));
  socket.on("data", (chunk) => {
    received = received.length === 0 ? chunk : Buffer.concat([received, chunk]);
    const read = readAnswer(received);
    if (read === null || waiting === null) return;
    received = received.subarray(read.bytes);
    const { resolve } = waiting;
    waiting = null;
    resolve(read.answer);
  });

  return {
    ask(request) {
      if (socket.destroyed) return Promise.reject(new Error("the connection was closed"));
      waiting = Promise.withResolvers();
      socket.write(request);
      return waiting.promise;
    },
    isOver: () => socket.destroyed,
    close: () => void socket.destroy(),
  };
}

/** The answer at the beginning of what was received, and how long it is; null: it is not whole yet. */
export function readAnswer(received: Buffer): { answer: HttpAnswer; bytes: number } | null {
  const headEnd = received.indexOf("\r\n\r\n");
  if (headEnd < 0) return null;
  const head = received.toString("latin1", 0, headEnd);
  const status = Number(head.slice(9, 12));
  const length = /\r\ncontent-length: *(\d+)/i.exec(head)?.[1];
  if (length === undefined && /\r\ntransfer-encoding: *chunked/i.test(head))
    return readChunks(received, headEnd + 4, status);
  const end = headEnd + 4 + Number(length ?? 0);
  if (received.length < end) return null;
  return { answer: { status, body: received.toString("utf8", headEnd + 4, end) }, bytes: end };
}

function readChunks(received: Buffer, from: number, status: number): ReturnType<typeof readAnswer> {
  let body = "";
  for (let at = from; ; ) {
    const lineEnd = received.indexOf("\r\n", at);
    if (lineEnd < 0) return null;
    const size = Number.parseInt(received.toString("latin1", at, lineEnd), 16);
    const end = lineEnd + 2 + size;
    if (received.length < end + 2) return null;
    if (size === 0) return { answer: { status, body }, bytes: end + 2 };
    body += received.toString("utf8", lineEnd + 2, end);
    at = end + 2;
  }
}

function connected(socket: Socket): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.once("connect", resolve);
    socket.once("error", reject);
  });
}
