import { setTimeout as pause } from "node:timers/promises";
import type { ServiceContext } from "@headroom/service/context";
import { holdLateInvoices } from "@headroom/service/invoice-holds";

export interface Holds {
  /** Resolves when the round that is under way has ended; no further one begins. */
  stop(): Promise<void>;
}

/**
 * Looks after drafts whose overage does not come, beside the worker: it is this app that must do so while that is down.
 */
export function startHolds(
  context: Pick<ServiceContext, "db" | "stripe" | "log">,
  { everyMs }: { everyMs: number },
): Holds {
  const stopping = new AbortController();
  const repeat = async () => {
    while (!stopping.signal.aborted) {
      try {
        await holdLateInvoices(context);
      } catch (error) {
        context.log.error({ err: error }, "draft invoices not looked at");
      }
      await pause(everyMs, undefined, { signal: stopping.signal }).catch(() => undefined);
    }
  };
  const ended = repeat();
  return {
    stop: () => {
      stopping.abort();
      return ended;
    },
  };
}
