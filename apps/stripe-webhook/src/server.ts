import { databaseChecks } from "@headroom/db/readiness";
import { createHealth } from "@headroom/platform/health";
import { type HttpServer, startHttpServer } from "@headroom/platform/http";
import type { ServiceContext } from "@headroom/service/context";
import { createInboxLane, type InboxLaneOptions } from "@headroom/service/stripe/inbox-lane";
import { createApplier } from "./apply.ts";
import { startHolds } from "./holds.ts";
import { receive } from "./receive.ts";

export interface WebhookOptions {
  host: string;
  port: number;
  service: Pick<ServiceContext, "db" | "stripe" | "log">;
  livemode: boolean;
  secrets: readonly string[];
  maxBody: number;
  shutdownDelayMs: number;
  /** How much may wait, and for how long. */
  inbox?: InboxLaneOptions;
}

/** Receives and applies. `close` answers what is being received, then ends what is being applied. */
export async function startWebhookServer(
  options: WebhookOptions,
): Promise<Pick<HttpServer, "url" | "port" | "close">> {
  const { service, host, port, shutdownDelayMs, livemode, secrets, maxBody } = options;
  const { db, log } = service;
  const applier = createApplier(service, { concurrency: 4 });
  const holds = startHolds(service, { everyMs: 2_000 });
  const { keep } = createInboxLane(db, options.inbox);
  const receiver = { livemode, secrets, maxBody, log, keep, apply: applier.apply, resolve: applier.resolve };
  const server = await startHttpServer({
    host,
    port,
    log,
    shutdownDelayMs,
    health: createHealth(databaseChecks(db)),
    handle: (exchange) => receive(receiver, exchange),
  });
  return {
    url: server.url,
    port: server.port,
    async close() {
      await server.close();
      await Promise.all([applier.stop(), holds.stop()]);
    },
  };
}
