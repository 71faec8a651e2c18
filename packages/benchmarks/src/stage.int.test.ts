import { expect, test } from "vitest";
import { assertDurable, openStage } from "./stage.ts";

test("nothing is measured while an acknowledged commit could be lost", () => {
  const settings = { fsync: "on", synchronous_commit: "on", full_page_writes: "on" };
  expect(() => assertDurable(settings)).not.toThrow();
  for (const name of Object.keys(settings)) {
    expect(() => assertDurable({ ...settings, [name]: "off" })).toThrow(`${name} must be on`);
  }
});

test("a server that was started loosely is refused, one that is cut off keeps what was committed", async () => {
  await expect(openStage({ synchronous_commit: "off" })).rejects.toThrow("synchronous_commit must be on");
  const stage = await openStage({ shared_buffers: "32MB" });
  try {
    const database = await stage.createDatabase();
    await stage.asAdmin(database, (client) => client.query("create table kept as select 1 as one"));
    await stage.crash();
    const { rows } = await stage.asAdmin(database, (client) => client.query("select one from kept"));
    expect(rows).toEqual([{ one: 1 }]);
  } finally {
    await stage.end();
  }
});
