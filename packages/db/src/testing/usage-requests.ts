import { createHash } from "node:crypto";
import { uuidv7 } from "@headroom/platform/uuid";
import type { UsageRequest } from "../usage-requests.ts";

/** One unit of the default meter, asked for by `reject` with a key of its own; what is asked makes the fingerprint. */
export function usageRequest(credential: Buffer, more: Partial<UsageRequest> = {}): UsageRequest {
  const { quantity = 1, mode = "reject", occurredAt = null } = more;
  return {
    credential,
    organizationId: null,
    meter: null,
    key: uuidv7(),
    bornOn: null,
    id: uuidv7(),
    quantity,
    mode,
    memberId: null,
    occurredAt,
    fingerprint: createHash("sha256")
      .update(JSON.stringify([quantity, mode, occurredAt]))
      .digest(),
    properties: null,
    ...more,
  };
}

/** The same, recorded whatever the limits. */
export function recordedEvent(credential: Buffer, more: Partial<UsageRequest> = {}): UsageRequest {
  return usageRequest(credential, { mode: "record", ...more });
}
