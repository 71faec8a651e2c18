import { existsSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import process from "node:process";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openMemoryFolder } from "./memory-folder.ts";

let place: string;
beforeAll(() => {
  place = mkdtempSync(path.join(tmpdir(), "headroom-memory-"));
});
afterAll(() => rmSync(place, { recursive: true, force: true }));

const runs = (id: number | string): string => {
  const folder = path.join(place, `headroom-run-${id}-abcdef`);
  mkdirSync(folder);
  writeFileSync(path.join(folder, "file"), "");
  return folder;
};

test("what a killed run has left goes, what one that runs has there stays, and others' files too", () => {
  // Beyond what Linux gives out.
  const killed = runs(2 ** 23);
  const running = runs(process.pid);
  const others = path.join(place, "PostgreSQL.1");
  writeFileSync(others, "");
  const folder = openMemoryFolder({ place, room: 1 });
  expect([killed, running, others].map((one) => existsSync(one))).toEqual([false, true, true]);
  expect(statSync(folder?.directory ?? "").mode & 0o777).toBe(0o755);
  folder?.remove();
  expect(existsSync(folder?.directory ?? "")).toBe(false);
});

test("there is none where there is no such place, or no room", () => {
  expect(openMemoryFolder({ place: path.join(place, "none"), room: 1 })).toBeNull();
  expect(openMemoryFolder({ place, room: Number.MAX_SAFE_INTEGER })).toBeNull();
});
