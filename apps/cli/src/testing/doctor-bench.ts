import { once } from "node:events";
import { createServer as createHttpServer, type RequestListener } from "node:http";
import { type AddressInfo, createServer } from "node:net";
import { databaseChecks } from "@headroom/db/readiness";
import { freePort } from "@headroom/db/testing/embedded";
import { createHealth } from "@headroom/platform/health";
import { startHttpServer } from "@headroom/platform/http";
import { createLogger } from "@headroom/platform/log";
import { relevantEventTypes } from "@headroom/service/stripe/event-types";
import { createStripeBench, type StripeBench } from "@headroom/service/testing/stripe-bench";
import type { NamedFinding } from "../doctor/checks.ts";
import { headroomOn } from "./headroom.ts";

/** Everything that a healthy installation has, on real parts, and `doctor` over it. */
export interface DoctorBench {
  bench: StripeBench;
  /** Runs it with other variables; undefined takes one away. */
  doctor(changes?: Record<string, string | undefined>, ...flags: string[]): Promise<DoctorOutcome>;
  /** The finding of one look. */
  look(name: string, changes?: Record<string, string | undefined>, ...flags: string[]): Promise<NamedFinding>;
  /** An HTTP server that lives as long as the bench. */
  serve(listener: RequestListener): Promise<{ url: string; port: number }>;
  /** A TCP server that takes connections and says nothing. */
  silence(): Promise<number>;
  /** A port that nobody listens on. */
  deadPort: number;
  close(): Promise<void>;
}

export interface DoctorOutcome {
  code: number;
  text: string;
  checks: NamedFinding[];
}

const secrets = {
  STRIPE_SECRET_KEY: "sk_test_doctorsecretkey",
  STRIPE_WEBHOOK_SECRETS: "whsec_doctorsecret",
  SECRETS_KEY: Buffer.alloc(32, 5).toString("base64"),
};

const login = Buffer.from("\0mailer\0mailpassword").toString("base64");

/** Just enough SMTP (RFC 5321, 4954) to let one login in. */
function replyTo(line: string): string {
  if (/^EHLO/i.test(line)) return "250-test\r\n250 AUTH PLAIN\r\n";
  if (/^AUTH/i.test(line)) return line.includes(login) ? "235 in\r\n" : "535 wrong login\r\n";
  return /^QUIT/i.test(line) ? "221 bye\r\n" : "250 ok\r\n";
}

export async function createDoctorBench(): Promise<DoctorBench> {
  const bench = await createStripeBench();
  const closing: (() => Promise<unknown>)[] = [() => bench.close()];

  async function serve(listener: RequestListener) {
    const server = createHttpServer(listener).listen(0, "127.0.0.1");
    await once(server, "listening");
    closing.push(async () => void server.close().closeAllConnections());
    const { port } = server.address() as AddressInfo;
    return { url: `http://127.0.0.1:${port}`, port };
  }

  async function silence() {
    const server = createServer((socket) => socket.on("error", () => undefined)).listen(0, "127.0.0.1");
    await once(server, "listening");
    closing.push(async () => void server.close().unref());
    return (server.address() as AddressInfo).port;
  }

  async function startSmtp() {
    const server = createServer((socket) => {
      socket.on("error", () => socket.destroy());
      socket.write("220 test\r\n");
      socket.on("data", (line) => void socket.write(replyTo(line.toString())));
    }).listen(0, "127.0.0.1");
    await once(server, "listening");
    closing.push(async () => void server.close());
    return `smtp://mailer:mailpassword@127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  const issuer = await serve((request, response) => {
    const isKeys = request.url === "/keys";
    const document = { issuer: issuer.url, jwks_uri: `${issuer.url}/keys` };
    response.end(JSON.stringify(isKeys ? { keys: [{ kty: "OKP" }] } : document));
  });
  const api = await startHttpServer({
    host: "127.0.0.1",
    port: 0,
    log: createLogger({ service: "test", level: "silent" }),
    health: createHealth(databaseChecks(bench.api.db)),
    handle: ({ response }) => void response.end(),
  });
  closing.push(() => api.close());
  await bench.stripe.webhookEndpoints.create({
    url: "http://127.0.0.1:9/stripe",
    enabled_events: [...relevantEventTypes] as ["*"],
  });
  await bench.rows("insert into headroom.worker_heartbeat values ('doctor', 'infinity')");
  const smtp = await startSmtp();
  const deadPort = await freePort();

  const environment = {
    ...secrets,
    STRIPE_API_BASE: bench.sandboxUrl,
    OIDC_ISSUER: issuer.url,
    OIDC_AUDIENCE: "headroom",
    SMTP_URL: smtp,
  };

  async function run(changes: Record<string, string | undefined>, flags: string[]) {
    const given = { ...environment, ...changes };
    const variables = Object.fromEntries(Object.entries(given).map(([name, value]) => [name, value ?? ""]));
    const ports = [
      ["--port-api", String(api.port)],
      ["--port-worker", String(deadPort)],
      ["--port-webhook", String(deadPort)],
    ].flat();
    return headroomOn(() => bench.scratch.url, variables)("doctor", ...ports, ...flags);
  }

  async function doctor(changes: Record<string, string | undefined> = {}, ...flags: string[]) {
    const { code, out } = await run(changes, [...flags, "--json"]);
    return { code, text: out, checks: (JSON.parse(out) as { checks: NamedFinding[] }).checks };
  }

  return {
    bench,
    doctor,
    async look(name, changes, ...flags) {
      const { checks } = await doctor(changes, ...flags);
      return checks.find((one) => one.name === name) as NamedFinding;
    },
    serve,
    silence,
    deadPort,
    async close() {
      for (const end of closing.toReversed()) await end();
    },
  };
}
