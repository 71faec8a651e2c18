import type { IncomingMessage } from "node:http";

/** The request's body is larger than the reader allows. */
export class BodyTooLargeError extends Error {
  override readonly name = "BodyTooLargeError";
  readonly limit: number;

  constructor(limit: number) {
    super(`The body is larger than ${limit} bytes`);
    this.limit = limit;
  }
}

/**
 * The raw bytes of a body, at most `limit` of them. A larger one stops being read at once; one whose sender leaves
 * in the middle fails.
 * @throws BodyTooLargeError
 */
export function readBody(request: IncomingMessage, limit: number): Promise<Buffer> {
  // By events: iterating costs a small request more than everything else that is done with its body.
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    const stop = (error: Error) => {
      request.off("data", take);
      request.pause();
      reject(error);
    };
    const take = (chunk: Buffer) => {
      size += chunk.length;
      if (size > limit) stop(new BodyTooLargeError(limit));
      else chunks.push(chunk);
    };
    if (Number(request.headers["content-length"] ?? 0) > limit) return reject(new BodyTooLargeError(limit));
    if (request.destroyed) return reject(senderLeft());
    // An error is made when it is needed: its stack costs more than the reading.
    const leave = () => reject(senderLeft());
    request.on("data", take);
    request.once("error", stop);
    request.once("close", leave);
    request.once("end", () => {
      request.off("close", leave);
      resolve(chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks, size));
    });
  });
}

function senderLeft(): Error {
  return Object.assign(new Error("The sender left before the end of the body"), { code: "ECONNRESET" });
}
