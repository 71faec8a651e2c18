import { withOrganization } from "@headroom/db/tenancy";
import type { RaisedEvent } from "@headroom/domain/events";
import { encodeId } from "@headroom/domain/ids";
import type { HttpServer } from "@headroom/platform/http";
import { createMetrics, type Metrics } from "@headroom/platform/metrics";
import { recordChange } from "@headroom/service/changes";
import type { ServiceContext } from "@headroom/service/context";
import { createWorld, type Person, type World } from "@headroom/service/testing/world";
import { createTRPCClient, httpBatchLink, httpSubscriptionLink, splitLink } from "@trpc/client";
import { EventSource } from "eventsource";
import * as socketClient from "socket.io-client";
import type { AppRouter } from "../router.ts";
import { startLiveServer } from "./live-server.ts";

export { socketClient };

export type EventServer = HttpServer & { metrics: Metrics };

/** The api over a world's database. A token is its person's address, or a JWT with that as its subject. */
export async function startEventServer(world: World, service: ServiceContext = world.context) {
  const metrics = createMetrics("api");
  const server = await startLiveServer(service, {
    verifyToken: (token) => storedIdentity(world, token),
    origins: ["https://app.example.com"],
    metrics,
  });
  return { ...server, metrics };
}

/** A world with an organization and its owner, and the api over it. */
export async function createStage() {
  const world = await createWorld();
  const ada = await world.person();
  const acme = await world.organization(ada);
  const server = await startEventServer(world);
  return {
    world,
    server,
    ada,
    /** The organization's raw id. */
    acme,
    organizationId: encodeId("org", acme),
    async close() {
      await server.close();
      await world.close();
    },
  };
}

/** The credential of a person of the world; one that ends at a moment in seconds is a JWT nobody has signed. */
export function tokenOf(person: Person, exp?: number): string {
  if (exp === undefined) return person.userId;
  const encode = (part: object) => Buffer.from(JSON.stringify(part)).toString("base64url");
  return `${encode({ alg: "none" })}.${encode({ sub: person.userId, exp })}.x`;
}

async function storedIdentity(world: World, token: string) {
  const userId = token.includes(".")
    ? JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString()).sub
    : token;
  const { rows } = await world.scratch.admin.query(
    `select issuer, subject, email, email_verified as "emailVerified", name from headroom.account where id = $1`,
    [userId],
  );
  return rows[0];
}

/** The client that the documentation shows. */
export function clientOf(url: string, token: string, headers: Record<string, string> = {}) {
  const authorization = { authorization: `Bearer ${token}`, ...headers };
  return createTRPCClient<AppRouter>({
    links: [
      splitLink({
        condition: ({ type }) => type === "subscription",
        true: httpSubscriptionLink({
          url: `${url}/trpc`,
          EventSource,
          eventSourceOptions: {
            fetch: (input, init) => fetch(input, { ...init, headers: { ...init.headers, ...authorization } }),
          },
        }),
        false: httpBatchLink({ url: `${url}/trpc`, headers: authorization }),
      }),
    ],
  });
}

/** What a subscriber was told, whichever way. */
export type Heard = {
  names: () => string[];
  seqs: () => number[];
  items: { name: string; seq: number; payload?: unknown }[];
  /** The code that ended it. */
  ended: Promise<string>;
  started: Promise<void>;
  stop(): void;
};

function hear() {
  const items: Heard["items"] = [];
  const ended = Promise.withResolvers<string>();
  const started = Promise.withResolvers<void>();
  ended.promise.catch(() => undefined);
  const events = () => items.filter(({ name }) => name !== "subscribed");
  return {
    items,
    names: () => events().map(({ name }) => name),
    seqs: () => events().map(({ seq }) => seq),
    ended,
    started,
  };
}

/** Subscribes over tRPC; resolves when the stream has begun. */
export async function subscribe(
  url: string,
  token: string,
  input: { organizationId: string; after?: number },
  headers: Record<string, string> = {},
): Promise<Heard> {
  const { items, names, seqs, ended, started } = hear();
  const subscription = clientOf(url, token, headers).events.subscribe.subscribe(input, {
    onData({ data }) {
      items.push(data);
      started.resolve();
    },
    onError(error) {
      ended.resolve(error.data?.reason ?? error.message);
      started.resolve();
    },
    onComplete: () => ended.resolve("complete"),
  });
  await started.promise;
  return {
    items,
    names,
    seqs,
    ended: ended.promise,
    started: started.promise,
    stop: () => subscription.unsubscribe(),
  };
}

/** Connects over Socket.IO; resolves when it is connected or refused. */
export async function connect(
  url: string,
  auth: object,
  options: Parameters<typeof socketClient.io>[1] = {},
): Promise<Heard & { socket: socketClient.Socket }> {
  const { items, names, seqs, ended, started } = hear();
  const socket = socketClient.io(url, { auth, transports: ["websocket"], forceNew: true, ...options });
  socket.onAny((name: string, payload, event) => {
    if (name === "ended") ended.resolve(payload.reason);
    else if (name === "subscribed") items.push({ name, ...payload });
    else items.push({ name, payload, ...event });
    if (name === "subscribed") started.resolve();
  });
  socket.on("connect_error", (error) => {
    ended.resolve((error as { data?: { reason?: string } }).data?.reason ?? error.message);
    started.resolve();
  });
  socket.on("disconnect", (reason) => ended.resolve(reason));
  await started.promise;
  return {
    items,
    names,
    seqs,
    ended: ended.promise,
    started: started.promise,
    socket,
    stop: () => void socket.disconnect(),
  };
}

/** Raises events as a use case would. */
export async function raise(world: World, organizationId: string, ...events: RaisedEvent[]): Promise<void> {
  await withOrganization(world.context.db, organizationId, (tx) =>
    recordChange(tx, { organizationId, actor: { kind: "system", name: "test" }, events }),
  );
}

export const changed = (meter: string): RaisedEvent => ({ name: "max_overage.changed", payload: { meter } });
