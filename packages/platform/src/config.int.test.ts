import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, expect, test } from "vitest";
import { z } from "zod";
import { databaseUrl, readConfiguration } from "./config.ts";

const directory = mkdtempSync(path.join(tmpdir(), "config-"));
afterAll(() => rmSync(directory, { recursive: true }));

test("a secret comes from a file, without the line break at its end", () => {
  const file = path.join(directory, "url");
  writeFileSync(file, "postgres://app:secret@db/headroom\n");
  const read = readConfiguration(z.object({ DATABASE_URL: databaseUrl }), { DATABASE_URL_FILE: file });
  expect(read.DATABASE_URL).toBe("postgres://app:secret@db/headroom");
});
