import { createServer, type Server } from "node:net";
import { freePort } from "@headroom/db/testing/embedded";
import { afterEach, expect, test } from "vitest";
import { portNames, UsageError } from "./options.ts";
import { choosePorts } from "./ports.ts";

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

const occupy = async (port: number): Promise<Server> => {
  const server = createServer();
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
  return server;
};

test("every part has a port of its own, the given ones where they were given", async () => {
  const api = await freePort();
  const ports = await choosePorts({ api }, {}, 0);
  expect(ports.api).toBe(api);
  expect(new Set(Object.values(ports)).size).toBe(portNames.length);
});

test("the last run's ports are taken again, and another one where somebody else is there now", async () => {
  const last = await choosePorts({}, {}, 0);
  await occupy(last.mail);
  const ports = await choosePorts({}, last, 0);
  expect(ports).toEqual({ ...last, mail: ports.mail });
  expect(ports.mail).not.toBe(last.mail);
});

test("waits for processes of the last run to leave", async () => {
  const last = await choosePorts({}, {}, 0);
  const leaving = await occupy(last.api);
  setTimeout(() => leaving.close(), 300);
  expect((await choosePorts({}, last, 5_000)).api).toBe(last.api);
});

test("a given port that is taken is an error, never another port", async () => {
  const api = await freePort();
  await occupy(api);
  await expect(choosePorts({ api }, {}, 0)).rejects.toThrow(UsageError);
});
