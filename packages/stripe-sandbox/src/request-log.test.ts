import { expect, test } from "vitest";
import { createRequestLog } from "./request-log.ts";

test("the log keeps the latest requests and goes on counting", () => {
  const log = createRequestLog(3);
  for (let n = 0; n < 5; n += 1) {
    log.add({
      at: "",
      method: "GET",
      path: `/v1/${n}`,
      query: "",
      idempotencyKey: null,
      status: 200,
      replayed: false,
      fault: null,
    });
  }
  expect(log.since(0).map(({ seq, path }) => [seq, path])).toEqual([
    [3, "/v1/2"],
    [4, "/v1/3"],
    [5, "/v1/4"],
  ]);
  expect(log.since(4)).toHaveLength(1);
});
