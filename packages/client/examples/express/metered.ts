import type { Meter } from "@headroom/client";
import type { RequestHandler } from "express";

/**
 * Lets a request through only while its units fit, and counts them. Answers 429 with `Retry-After` when they do not, and
 * 503 when Headroom cannot be asked: no limit is passed by an outage, unless the meter is made with `onUnavailable`.
 */
export function metered(meter: Meter, quantity = 1): RequestHandler {
  return async (_request, response, next) => {
    const taken = await meter.consume({ quantity });
    if (taken.allowed) return next();
    if (taken.source === "fallback") {
      response.status(503).set("Retry-After", "5").json({ error: "unavailable" });
      return;
    }
    if (taken.retryAfterSeconds !== null) response.set("Retry-After", String(taken.retryAfterSeconds));
    response.status(429).json({ error: taken.reason, resetsAt: taken.windows.day.resetsAt });
  };
}
