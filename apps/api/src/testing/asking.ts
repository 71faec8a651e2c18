import type { Declared } from "./permission-table.ts";

/** Calls a procedure over tRPC as it is declared. A subscription that is refused is answered like a call. */
export async function ask(
  url: string,
  { name, type }: Pick<Declared, "name" | "type">,
  headers: Record<string, string>,
  input: object,
): Promise<{ status: number; body: string }> {
  const address = `${url}/trpc/${name}`;
  const response =
    type === "mutation"
      ? await fetch(address, {
          method: "POST",
          headers: { ...headers, "content-type": "application/json" },
          body: JSON.stringify(input),
        })
      : await fetch(`${address}?input=${encodeURIComponent(JSON.stringify(input))}`, { headers });
  return type === "subscription" ? readRefusal(response) : read(response);
}

async function read(response: Response) {
  return { status: response.status, body: await response.text() };
}

/** A stream's first error, which tRPC sends as an event of its own; the stream is left then. */
async function readRefusal(response: Response): Promise<{ status: number; body: string }> {
  let text = "";
  for await (const chunk of (response.body as ReadableStream<Uint8Array>).pipeThrough(
    new TextDecoderStream(),
  )) {
    text += chunk;
    const data = /event: serialized-error\ndata: (.*)\n/.exec(text)?.[1];
    if (data !== undefined) {
      const error = JSON.parse(data) as { data: { httpStatus: number } };
      return { status: error.data.httpStatus, body: JSON.stringify({ error }) };
    }
  }
  throw new Error(`the stream was not refused: ${text}`);
}
