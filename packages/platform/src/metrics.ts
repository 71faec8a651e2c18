import { createServer } from "node:http";
import { collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client";

export type Metrics = {
  /** Where further metrics are registered. */
  registry: Registry;
  /** One answered request. `route` is a template, never a path with ids in it. */
  observeRequest(request: { method: string; route: string; status: number; seconds: number }): void;
  /**
   * Gauges that one reading answers, taken each time that somebody looks. Where it answers null or fails they are absent,
   * and the other metrics are there all the same: a database that is down is when they are looked at.
   */
  exposeReadings<Reading>(
    read: () => Promise<Reading | null>,
    gauges: Readonly<Record<string, { help: string; read: (reading: Reading) => number }>>,
  ): void;
};

/** Process metrics and the histogram of answered requests, under one label `service`. */
export function createMetrics(service: string): Metrics {
  const registry = new Registry();
  registry.setDefaultLabels({ service });
  collectDefaultMetrics({ register: registry });
  const durations = new Histogram({
    name: "http_server_request_duration_seconds",
    help: "Time from the request's headers to the end of the answer",
    labelNames: ["method", "route", "status"],
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
    registers: [registry],
  });
  // Bound once: labels are few, and looking them up costs more than counting.
  const series = new Map<string, Histogram.Internal<"method" | "route" | "status">>();
  return {
    registry,
    observeRequest({ method, route, status, seconds }) {
      const name = `${method} ${status} ${route}`;
      let one = series.get(name);
      if (one === undefined) {
        one = durations.labels({ method, route, status: String(status) });
        series.set(name, one);
      }
      one.observe(seconds);
    },
    exposeReadings: (read, gauges) => {
      let reading: ReturnType<typeof read> | null = null;
      // All gauges of a registry are collected together, so that they share what is being read.
      const once = () => {
        reading ??= read()
          .catch(() => null)
          .finally(() => {
            reading = null;
          });
        return reading;
      };
      for (const [name, gauge] of Object.entries(gauges)) {
        new Gauge({
          name,
          help: gauge.help,
          registers: [registry],
          async collect() {
            const found = await once();
            if (found === null) {
              this.remove();
            } else {
              this.set(gauge.read(found));
            }
          },
        });
      }
    },
  };
}

/** Serves `GET /metrics` on a port of its own, so that it is never reachable where customers are. */
export async function startMetricsServer(
  metrics: Metrics,
  options: { host: string; port: number },
): Promise<{ port: number; close(): Promise<void> }> {
  const server = createServer(async (request, response) => {
    if (request.method !== "GET" || request.url !== "/metrics") {
      response.writeHead(404).end();
      return;
    }
    response.writeHead(200, { "content-type": metrics.registry.contentType });
    response.end(await metrics.registry.metrics());
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(options.port, options.host, resolve);
  });
  const address = server.address();
  return {
    port: typeof address === "object" && address !== null ? address.port : options.port,
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
}
