import { countLivingWorkers } from "@headroom/db/inspection";
import { z } from "zod";
import { count, type Finding, fault, messageOf, ok } from "./findings.ts";
import type { Ports, Scene } from "./scene.ts";

/** Whether an application's port is free, or the application answers there and is ready. */
export async function lookAtPort(scene: Scene, application: keyof Ports): Promise<Finding> {
  const address = addressOf(scene, application);
  const { host } = new URL(address);
  let response: Response;
  try {
    response = await fetch(`${address}/readyz`, { signal: AbortSignal.timeout(4_000), redirect: "manual" });
  } catch (error) {
    const isRefused = messageOf(error).includes("ECONNREFUSED");
    if (isRefused && scene.stack?.[application] === undefined)
      return ok(`${host} is free: it does not run here`);
    return isRefused
      ? fault(`${host}: nobody answers`, "start the stack again: npm start")
      : fault(`${host} is taken by something that does not speak HTTP`, portAdvice(application));
  }
  const { success, data } = ready.safeParse(await response.json().catch(() => null));
  if (!success) return fault(`${host} is taken by something else`, portAdvice(application));
  const failing = Object.entries(data.checks ?? {}).filter(([, state]) => state !== "ok");
  const told = failing.map(([check, state]) => `${check} ${state}`).join(", ");
  return response.ok
    ? ok(`${host} answers${told === "" ? "" : `: ${told}`}`)
    : fault(`${host} is not ready: ${told || data.status}`, `look at the log of the ${application}`);
}

const ready = z.object({ status: z.string(), checks: z.record(z.string(), z.string()).optional() });

function addressOf({ stack, ports }: Scene, application: keyof Ports): string {
  return stack?.[application] ?? `http://127.0.0.1:${ports[application]}`;
}

function portAdvice(application: keyof Ports): string {
  return `free the port, or start the ${application} on another PORT`;
}

/** Whether a worker has said within three seconds that it lives. */
export async function lookAtWorkers(scene: Scene): Promise<Finding> {
  return scene.withDatabase("hr_jobs", async (jobs) => {
    const living = await countLivingWorkers(jobs);
    return living === 0
      ? fault("none lives: no mail goes out, nothing is billed", "start the worker")
      : ok(`${count(living, "worker")} alive`);
  });
}
