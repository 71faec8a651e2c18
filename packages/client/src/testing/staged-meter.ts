import { createStage, tokenOf } from "@headroom/api/testing/live";
import { createHeadroomClient, createMeter } from "../index.ts";
import { startLossyProxy } from "./lossy-proxy.ts";

/** The real api with an organization, a key of it, and a line between that can fail. */
export async function stageMetering() {
  const stage = await createStage();
  const proxy = await startLossyProxy(stage.server.url);
  const owner = createHeadroomClient({ url: stage.server.url, token: tokenOf(stage.ada) });
  const { organizationId } = stage;
  const scopes = ["usage:write" as const, "usage:read" as const];
  const { secret } = await owner.apiKeys.create.mutate({ organizationId, name: "meter", scopes });
  const client = createHeadroomClient({ url: proxy.url, apiKey: secret ?? "" });
  return {
    stage,
    client,
    apiKey: secret ?? "",
    line: proxy.state,
    url: proxy.url,
    meterOf: (options: Parameters<typeof createMeter>[1] = {}) =>
      createMeter(client, {
        timeoutMs: 6_000,
        onRejected: () => undefined,
        ...options,
        batch: { maxAgeMs: 20, ...options.batch },
      }),
    /** What the organization has used of the default meter today, past every proxy. */
    used: async () => (await owner.usage.get.query({ organizationId })).usage.dailyUsed,
    async close() {
      await proxy.close();
      await stage.close();
    },
  };
}
