import type { IncomingMessage, Server as NodeServer } from "node:http";
import type { DomainError } from "@headroom/domain/errors";
import { encodeId } from "@headroom/domain/ids";
import { uuidv7 } from "@headroom/platform/uuid";
import { actorIdOf } from "@headroom/service/changes";
import type { ServiceContext } from "@headroom/service/context";
import type { RateLimiter } from "@headroom/service/rate-limits";
import { Server, type Socket } from "socket.io";
import { logCall } from "../calls.ts";
import { clientKey } from "../client-addresses.ts";
import { toDomainError } from "../errors.ts";
import { type Authenticate, enter, refusalOf } from "./handshakes.ts";
import type { LiveEvents, Subscription } from "./subscriptions.ts";

type Options = {
  service: ServiceContext;
  authenticate: Authenticate;
  /** Exact origins whose pages may connect; what is no page names none. */
  origins: readonly string[];
  live: LiveEvents;
  /** Absent: nothing is limited. */
  rateLimiter?: RateLimiter;
  trustedProxyHops?: number;
};

/** Clients send a handshake and the protocol's own packets. */
const largestPacket = 16 * 1024;
const mostConnections = 10_000;
/** Packets that the transport has not taken yet, until no more are made. */
const mostUnsent = 50;
/** Clients have nothing to say. One that says this much is cut off. */
const mostHeard = 20;

/**
 * Socket.IO on the api's own server, at `/socket.io`: each socket is told one organization's events, under their names.
 * There are no rooms and nothing is shared between processes: each socket reads for itself.
 */
export function attachSockets(server: NodeServer, options: Options): { close(): void } {
  const { origins } = options;
  const io = new Server(server, {
    path: "/socket.io",
    serveClient: false,
    cors: { origin: [...origins] },
    maxHttpBufferSize: largestPacket,
    connectTimeout: 10_000,
    pingInterval: 20_000,
    pingTimeout: 20_000,
    // Browsers do not hold websockets to CORS.
    allowRequest: (request, allow) =>
      allow(null, mayConnect(request, origins) && io.engine.clientsCount < mostConnections),
  });
  io.engine.on("headers", (headers: Record<string, string>) => {
    headers["cache-control"] = "no-store";
    headers["x-content-type-options"] = "nosniff";
  });
  io.use((socket, next) => {
    open(options, socket).then(
      () => next(),
      (error: unknown) => {
        next(refusalOf(toDomainError(error)));
      },
    );
  });
  io.on("connection", (socket) => void serve(socket));
  return { close: () => void io.engine.close() };
}

function mayConnect({ headers }: IncomingMessage, origins: readonly string[]): boolean {
  return headers.origin === undefined || origins.includes(headers.origin);
}

type Opened = { subscription: Subscription; organizationId: string };

/** Subscribes before the client hears that it is connected: what happens from then on reaches it. */
async function open(options: Options, socket: Socket): Promise<void> {
  const { service, authenticate, live } = options;
  const gone = new AbortController();
  socket.conn.once("close", () => gone.abort());
  socket.once("disconnect", () => gone.abort());
  const started = performance.now();
  const call = { actorId: null as string | null, organizationId: null as string | null };
  let failure: unknown = null;
  try {
    const entry = await enter(service, authenticate, socket.handshake.auth);
    call.actorId = actorIdOf(entry.access.actor);
    call.organizationId = entry.access.organizationId;
    const subscription = await live.subscribe({ ...entry, signal: gone.signal, transport: "socket" });
    const organizationId = encodeId("org", entry.access.organizationId);
    Object.assign(socket.data, { subscription, organizationId } satisfies Opened);
  } catch (error) {
    failure = await judge(options, socket, error);
    throw failure;
  } finally {
    const fault = failure === null ? null : toDomainError(failure);
    logCall(
      { service, requestId: uuidv7() },
      { ...call, procedure: "socket.io", fault, error: failure, started },
    );
  }
}

/** A refused credential counts here as everywhere: what the client is told, `rate_limited` after too many. */
async function judge(
  { rateLimiter, trustedProxyHops = 0 }: Options,
  socket: Socket,
  error: unknown,
): Promise<unknown> {
  if (rateLimiter === undefined || toDomainError(error).code !== "unauthenticated") return error;
  try {
    await rateLimiter.countFailure("failedAuthentications", clientKey(socket.request, trustedProxyHops));
    return error;
  } catch (limited) {
    return limited;
  }
}

async function serve(socket: Socket): Promise<void> {
  const { subscription, organizationId } = socket.data as Opened;
  boundSpeech(socket);
  const room = boundSending(socket);
  try {
    socket.emit("subscribed", { seq: subscription.from, organizationId });
    for await (const { name, payload, ...event } of subscription.events) {
      socket.emit(name, payload, { ...event, organizationId });
      await room();
    }
  } catch (error) {
    if (socket.connected) dismiss(socket, toDomainError(error));
  }
}

/** A client that the server disconnects stays away; one that loses its connection comes again, elsewhere. */
function dismiss(socket: Socket, fault: DomainError): void {
  if (fault.kind === "unavailable") {
    socket.conn.close();
    return;
  }
  socket.emit("ended", { reason: fault.code, message: fault.message });
  socket.disconnect(true);
}

function boundSpeech(socket: Socket): void {
  let heard = 0;
  socket.onAny(() => {
    heard += 1;
    if (heard > mostHeard) socket.disconnect(true);
  });
}

/** Answers a wait that lasts while the transport has too much to send. */
function boundSending(socket: Socket): () => Promise<void> {
  let unsent = 0;
  let resume: (() => void) | null = null;
  const relax = () => {
    unsent = 0;
    resume?.();
  };
  socket.conn.on("drain", relax);
  socket.once("disconnect", relax);
  return async () => {
    unsent += 1;
    if (unsent < mostUnsent || !socket.connected) return;
    await new Promise<void>((resolve) => {
      resume = resolve;
    });
    resume = null;
  };
}
