export type Snippet = "client" | "meter" | "curl" | "webhook";

export const snippetNames: readonly Snippet[] = ["client", "meter", "curl", "webhook"];

/** Programs to copy, for this organization on this server. */
export function snippetOf(name: Snippet, { url, organizationId }: { url: string; organizationId: string }) {
  const snippets: Record<Snippet, string> = {
    client: `import { createHeadroomClient, isHeadroomError } from "@headroom/client";

const headroom = createHeadroomClient({
  url: "${url}",
  apiKey: process.env.HEADROOM_API_KEY ?? "",
});
try {
  const entitlements = await headroom.entitlements.get.query({
    organizationId: "${organizationId}",
  });
  console.log(entitlements.planId, entitlements.meters);
} catch (error) {
  if (!isHeadroomError(error, "forbidden")) throw error;
  console.log("the key lacks the scope billing:read");
}`,
    meter: `import { createHeadroomClient, createMeter } from "@headroom/client";

const headroom = createHeadroomClient({
  url: "${url}",
  apiKey: process.env.HEADROOM_API_KEY ?? "",
});
const meter = createMeter(headroom);

const taken = await meter.consume({ organizationId: "${organizationId}", quantity: 1 });
if (taken.allowed) console.log("do the work");
else console.log(\`not now: \${taken.source}\`);`,
    curl: `curl -X POST ${url}/v1/usage/consume \\
  -H "authorization: Bearer $HEADROOM_API_KEY" \\
  -H "content-type: application/json" \\
  -d '{"organization_id": "${organizationId}", "quantity": 1, "idempotency_key": "job-1"}'`,
    webhook: `import { createServer } from "node:http";
import { text } from "node:stream/consumers";
import { Webhook } from "standardwebhooks"; // npm install standardwebhooks

const webhook = new Webhook(process.env.WEBHOOK_SECRET ?? "");

createServer(async (request, response) => {
  try {
    const headers = request.headers as Record<string, string>;
    const event = webhook.verify(await text(request), headers) as { type: string; data: unknown };
    console.log(event.type, event.data);
    response.writeHead(204).end();
  } catch {
    response.writeHead(400).end();
  }
}).listen(8080);`,
  };
  return snippets[name];
}
