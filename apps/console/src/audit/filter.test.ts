import { expect, test } from "vitest";
import { askedFor, everything, startOfDay } from "./filter.ts";

test.each([
  ["2026-11-22", "UTC", "2026-11-22T00:00:00.000Z"],
  ["2026-11-22", "Europe/Berlin", "2026-11-21T23:00:00.000Z"],
  ["2026-03-29", "Europe/Berlin", "2026-03-28T23:00:00.000Z"],
  ["2026-03-30", "Europe/Berlin", "2026-03-29T22:00:00.000Z"],
  ["2026-10-26", "Europe/Berlin", "2026-10-25T23:00:00.000Z"],
  ["2026-11-22", "America/Los_Angeles", "2026-11-22T08:00:00.000Z"],
  ["2026-09-27", "Pacific/Auckland", "2026-09-26T12:00:00.000Z"],
])("%s in %s begins at %s", (date, zone, instant) => {
  expect(startOfDay(date, zone)?.toISOString()).toBe(instant);
});

test("the last day is included, and what is not filled in is not asked", () => {
  expect(askedFor(everything, "UTC")).toEqual({});
  const filter = { action: "invite.*", actorId: "usr_1", from: "2026-12-30", to: "2026-12-31" };
  expect(askedFor(filter, "UTC")).toEqual({
    action: "invite.*",
    actorId: "usr_1",
    from: "2026-12-30T00:00:00.000Z",
    to: "2027-01-01T00:00:00.000Z",
  });
});
