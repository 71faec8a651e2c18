import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { json } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";
import { createDatabase, type Database } from "@headroom/db/client";
import { setDevClock } from "@headroom/db/clock";
import { hastenSeats, isSettled } from "@headroom/db/settled";
import { host } from "./addresses.ts";

export type ClockHook = {
  /** Sets the database's clock to that of a sandbox which has begun elsewhere than at real time. */
  follow: (sandbox: string) => Promise<void>;
  close: () => Promise<void>;
};

/** As the sandbox has it: a clock that is this little behind has caught up with real time. */
const caughtUpMs = 1_000;

const offsetFrom = async (request: IncomingMessage): Promise<number | null> => {
  const body = await json(request).catch(() => null);
  const now = Date.parse(String((body as { now?: unknown } | null)?.now));
  if (Number.isNaN(now)) return null;
  const ahead = now - Date.now();
  return ahead < 0 && ahead > -caughtUpMs ? 0 : ahead;
};

const send = (response: ServerResponse, status: number, body: object): void => {
  response.writeHead(status, { "content-type": "application/json" });
  response.end(JSON.stringify(body));
};

// Less than the clock waits for an answer.
const seatsWaitMs = 8_000;
const askAgainMs = 100;

/** Waits until the worker has told Stripe every seat; false when it has not in time. */
const seatsAreTold = async (worker: Database): Promise<boolean> => {
  for (const until = Date.now() + seatsWaitMs; Date.now() < until; await sleep(askAgainMs)) {
    if ((await hastenSeats(worker)) === 0) return true;
  }
  return false;
};

/**
 * What the sandbox's clock asks of the stack that lives by it: `POST /clock {now}` moves the database's
 * clock, once Stripe knows every seat, because the renewal on the way bills what it knows then (503 when that takes too
 * long); `GET /settled?now=&finalizing=` answers 200 when everything that Stripe sent is applied, it knows every seat
 * and, before an invoice is finalized, no overage waits to be sent; else 409.
 */
export const startClockHook = async (databaseUrl: string, port: number): Promise<ClockHook> => {
  const connect = (role: "hr_owner" | "hr_worker") =>
    createDatabase({ connectionString: databaseUrl, role, applicationName: "headroom clock", max: 1 });
  const owner = connect("hr_owner");
  const worker = connect("hr_worker");

  const moveClock = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const offset = await offsetFrom(request);
    if (offset === null) return send(response, 400, { error: "{now}: a time in ISO 8601" });
    if (!(await seatsAreTold(worker)))
      return send(response, 503, { error: "seats wait to be pushed to Stripe" });
    await setDevClock(owner, offset);
    send(response, 200, { offset });
  };

  const answerSettled = async (url: URL, response: ServerResponse): Promise<void> => {
    const settled = await isSettled(worker, { finalizing: url.searchParams.has("finalizing") });
    send(response, settled ? 200 : 409, { settled });
  };

  const server = createServer((request, response) => {
    const url = new URL(request.url ?? "/", `http://${host}`);
    const route = `${request.method} ${url.pathname}`;
    const answer =
      route === "POST /clock"
        ? moveClock(request, response)
        : route === "GET /settled"
          ? answerSettled(url, response)
          : Promise.resolve(send(response, 404, { error: "POST /clock, GET /settled" }));
    answer.catch((error: Error) => send(response, 503, { error: error.message }));
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, resolve);
  });
  return {
    follow: async (sandbox) => {
      const { now } = (await (await fetch(`${sandbox}/_sandbox/clock`)).json()) as { now: string };
      await setDevClock(owner, Date.parse(now) - Date.now());
    },
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await Promise.all([owner.close(), worker.close()]);
    },
  };
};
