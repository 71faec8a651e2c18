import { probeRouter } from "./routers.ts";
import { startTestServer } from "./servers.ts";

/** Two ids that the probes know, of whatever kind the test makes them. */
export const own = "0198c0de-0000-7000-8000-00000000000a";
export const other = "0198c0de-0000-7000-8000-00000000000b";

/** Has the form of a key; nobody looks further where the probes are. */
export const meteringKey = `hr_test_${"k".repeat(43)}`;

export type Sent = { method?: string; as?: string; body?: unknown; headers?: Record<string, string> };

/** The probes behind the real transport, with the credential `user`, and a way to ask. */
export async function startProbeServer() {
  const server = await startTestServer(probeRouter, { user: { kind: "user", userId: own } });

  async function send(path: string, { method = "POST", as, body, headers = {} }: Sent = {}) {
    const text = body === undefined || typeof body === "string" ? body : JSON.stringify(body);
    const response = await fetch(`${server.url}${path}`, {
      method,
      headers: {
        ...(as === undefined ? {} : { authorization: `Bearer ${as}` }),
        ...(body === undefined ? {} : { "content-type": "application/json" }),
        ...headers,
      },
      ...(text === undefined ? {} : { body: text }),
    });
    const answer = await response.text();
    const parsed = answer === "" ? null : JSON.parse(answer);
    return { status: response.status, headers: response.headers, text: answer, body: parsed };
  }

  return { ...server, send, get: (path: string, sent: Sent = {}) => send(path, { method: "GET", ...sent }) };
}

export type ProbeServer = Awaited<ReturnType<typeof startProbeServer>>;
