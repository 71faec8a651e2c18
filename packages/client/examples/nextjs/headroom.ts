import { createHeadroomClient } from "@headroom/client";

/** Runs on the server alone: the key must never reach a browser, so no module of the browser may import this one. */
export const headroom = createHeadroomClient({
  url: process.env.HEADROOM_URL ?? "http://localhost:3000",
  apiKey: process.env.HEADROOM_API_KEY ?? "",
});
