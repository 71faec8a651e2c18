import type { Actor } from "@headroom/domain/actors";
import { DomainError } from "@headroom/domain/errors";
import type { Metrics } from "@headroom/platform/metrics";
import { Gauge } from "prom-client";

export type Transport = "sse" | "socket";

const mostForCredential = 20;
const mostForProcess = 5_000;

/** How many subscriptions there may be at a time: 20 for a credential, 5,000 in this process. */
export function createSlots({ registry }: Metrics) {
  const taken = new Map<string, number>();
  let total = 0;
  const subscribers = new Gauge({
    name: "headroom_event_subscribers",
    help: "Subscriptions to events that are open in this process",
    labelNames: ["transport"],
    registers: [registry],
  });

  return {
    /** Gives one back when the answer is called, the first time. @throws DomainError rate_limited, unavailable */
    take(actor: Actor, transport: Transport): () => void {
      const credential = credentialOf(actor);
      const used = taken.get(credential) ?? 0;
      if (used >= mostForCredential) {
        throw new DomainError("rate_limited", "There are too many open subscriptions with this credential.", {
          limit: mostForCredential,
        });
      }
      if (total >= mostForProcess) {
        throw new DomainError("unavailable", "There are too many open subscriptions. Try again.", {
          retryAfterSeconds: 5,
        });
      }
      taken.set(credential, used + 1);
      total += 1;
      subscribers.inc({ transport });
      let given = false;
      return () => {
        if (given) return;
        given = true;
        const left = (taken.get(credential) ?? 1) - 1;
        if (left === 0) taken.delete(credential);
        else taken.set(credential, left);
        total -= 1;
        subscribers.dec({ transport });
      };
    },
    isEmpty: () => total === 0,
  };
}

/** A platform key has its subscriptions for each user that it acts for. */
function credentialOf(actor: Actor): string {
  if (actor.kind === "user") return actor.userId;
  if (actor.kind === "operator") return actor.name;
  return actor.kind === "platform_key" ? `${actor.keyId} ${actor.onBehalfOf}` : actor.keyId;
}
