import { once } from "node:events";
import { createHeadroomClient, createMeter } from "@headroom/client";
import express from "express";
import { metered } from "./metered.ts";

const meter = createMeter(
  createHeadroomClient({
    url: process.env.HEADROOM_URL ?? "http://localhost:3000",
    apiKey: process.env.HEADROOM_API_KEY ?? "",
  }),
  { onRejected: (error) => console.error(`not counted: ${error.code}`) },
);

const app = express();
app.use(express.json());

app.post("/crawl", metered(meter, 10), (_request, response) => {
  response.json({ crawled: 10 });
});

// What has happened anyway is counted in the background: the request waits for nothing.
app.get("/search", (_request, response) => {
  void meter.record({ quantity: 1, properties: { route: "/search" } });
  response.json({ results: [] });
});

const server = app.listen(Number(process.env.PORT ?? 4000), "127.0.0.1", () => {
  console.log(`listening on ${JSON.stringify(server.address())}`);
});

// First no more requests, then what they have counted: the process ends with nothing left in memory.
process.once("SIGTERM", async () => {
  const closed = once(server, "close");
  server.close();
  await closed;
  await meter.close();
  console.log("everything is sent");
});
