import { afterAll, expect, test } from "vitest";
import { createTestDatabase } from "./testing/database.ts";

const scratch = await createTestDatabase();
afterAll(() => scratch.drop());

test("no statement is compiled: one whose cost is overestimated would take seconds, in each connection again", async () => {
  const api = await scratch.connect("hr_api");
  const { rows } = await api.pool.query("select current_setting('jit') as jit");
  expect(rows).toEqual([{ jit: "off" }]);
});
