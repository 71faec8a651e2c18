import type { Declared } from "./permission-table.ts";

/** Calls a procedure over tRPC as it is declared; a subscription is only opened. */
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
  return { status: response.status, body: await response.text() };
}
