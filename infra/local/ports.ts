import { createServer } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { freePort } from "@headroom/db/testing/embedded";
import { type PortName, portNames, UsageError } from "./options.ts";

export type Ports = Record<PortName, number>;

const isFree = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const probe = createServer();
    probe.once("error", () => resolve(false));
    probe.listen(port, "127.0.0.1", () => probe.close(() => resolve(true)));
  });

const becomesFree = async (port: number, patience: number): Promise<boolean> => {
  for (let waited = 0; waited <= patience; waited += 100) {
    if (await isFree(port)) return true;
    await delay(100);
  }
  return false;
};

/**
 * A port for every part: the given one, else the one of the last run, else a free one. Waits up to
 * `patience` milliseconds for the last run's ports, which its processes may be about to leave.
 * @throws UsageError when a given port is taken
 */
export const choosePorts = async (
  given: Partial<Ports>,
  remembered: Partial<Ports>,
  patience: number,
): Promise<Ports> => {
  const chosen: Partial<Ports> = {};
  for (const name of portNames) {
    const wanted = given[name] ?? remembered[name];
    const taken = Object.values(chosen);
    if (wanted !== undefined && !taken.includes(wanted) && (await becomesFree(wanted, patience))) {
      chosen[name] = wanted;
    } else if (given[name] !== undefined) {
      throw new UsageError(`--port-${name}: port ${given[name]} is taken`);
    } else {
      do chosen[name] = await freePort();
      while (taken.includes(chosen[name]) || Object.values(given).includes(chosen[name]));
    }
  }
  return chosen as Ports;
};
