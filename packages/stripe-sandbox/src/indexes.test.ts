import { expect, test } from "vitest";
import { type Database, openDatabase } from "./database.ts";
import { createPrograms } from "./delivery-programs.ts";
import { createQueue } from "./delivery-queue.ts";
import { finalizingBy, lastDueBy, nextDue } from "./dues.ts";
import { createStore } from "./store.ts";

/** The same database, and every query that was asked of it. */
function listening(database: Database): { database: Database; asked: Set<string> } {
  const asked = new Set<string>();
  const noting =
    <Answer>(ask: (sql: string, ...values: never[]) => Answer) =>
    (sql: string, ...values: never[]) => {
      asked.add(sql);
      return ask(sql, ...values);
    };
  return {
    asked,
    database: {
      ...database,
      all: noting(database.all) as Database["all"],
      one: noting(database.one) as Database["one"],
    },
  };
}

test("what is asked at each delivery, at each step of the clock and for each customer is found in an index", () => {
  const { database, asked } = listening(openDatabase(":memory:"));
  const store = createStore(database);
  const programs = createPrograms(database, store);
  const queue = createQueue(database, store, programs, () => 0);
  queue.due(5);
  queue.unsettled(6);
  queue.nextAt();
  queue.nextVirtualAt();
  queue.pendingOf("evt_1");
  nextDue(database);
  finalizingBy(database, 1, 50);
  lastDueBy(database, 1);
  store.where("invoice", "$.parent.subscription_details.subscription", "sub_1");
  store.where("invoiceitem", "$.customer", "cus_1");
  const page = { limit: 100, after: 7 };
  store.page("subscription", { ...page, equal: { "$.customer": "cus_1" } });
  store.page("invoice", { ...page, equal: { "$.parent.subscription_details.subscription": "sub_1" } });
  store.page("invoiceitem", { ...page, equal: { "$.customer": undefined, "$.invoice": "in_1" } });
  store.page("checkout.session", { ...page, equal: { "$.subscription": "sub_1" } });
  store.page("event", { ...page, equal: {} });
  const plans = [...asked].map((sql) => {
    const steps = database.all<{ detail: string }>(`explain query plan ${sql}`).map(({ detail }) => detail);
    const ofField = sql.includes("body ->>") && !steps.some((detail) => detail.includes("<expr>"));
    return { sql, steps, slow: ofField || steps.some((detail) => detail.startsWith("SCAN")) };
  });
  expect(plans.length).toBeGreaterThan(15);
  expect(plans.filter(({ slow }) => slow)).toEqual([]);
  database.close();
});
