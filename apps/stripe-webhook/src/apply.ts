import type { ServiceContext } from "@headroom/service/context";
import { syncCustomer } from "@headroom/service/customer-sync";
import { resolveThinEvents } from "@headroom/service/thin-events";

export interface Applier {
  /** Applies what waits for a customer, soon; many calls for one customer become one. */
  apply(customerId: string): void;
  /** Asks Stripe, soon, what thin events are about, and applies them; many calls become one or two. */
  resolve(): void;
  /** Takes no more, and resolves when what runs has ended. The worker sweeps what is left. */
  stop(): Promise<void>;
}

/** Applies events beside receiving them, a few customers at a time: Stripe allows 25 requests a second at least. */
export function createApplier(
  context: Pick<ServiceContext, "db" | "stripe" | "log">,
  { concurrency }: { concurrency: number },
): Applier {
  const waiting = new Set<string>();
  const running = new Map<string, Promise<void>>();
  let stopped = false;
  let asking: Promise<void> | null = null;
  let askAgain = false;

  function start(): void {
    // First the cheap question: under a flood there are many that wait.
    if (stopped || running.size >= concurrency) {
      return;
    }
    const next = firstAtRest();
    if (next === undefined) {
      return;
    }
    waiting.delete(next);
    const work = run(next).finally(() => {
      running.delete(next);
      start();
    });
    running.set(next, work);
    start();
  }

  function firstAtRest(): string | undefined {
    for (const customerId of waiting) {
      if (!running.has(customerId)) return customerId;
    }
    return undefined;
  }

  async function ask(): Promise<void> {
    do {
      askAgain = false;
      try {
        for (const customerId of await resolveThinEvents(context)) {
          applyLater(customerId);
        }
      } catch (error) {
        context.log.error({ err: error }, "thin Stripe events not resolved");
      }
    } while (askAgain && !stopped);
    asking = null;
  }

  function applyLater(customerId: string): void {
    waiting.add(customerId);
    start();
  }

  async function run(customerId: string): Promise<void> {
    try {
      await syncCustomer(context, customerId);
    } catch (error) {
      context.log.error({ err: error, customerId }, "Stripe events not applied");
    }
  }

  return {
    apply: applyLater,
    resolve() {
      askAgain = true;
      if (!stopped) {
        asking ??= ask();
      }
    },
    async stop() {
      stopped = true;
      await asking;
      await Promise.all(running.values());
    },
  };
}
