import { expect, test } from "vitest";
import { groupZones, timeThere } from "./time-zones.ts";

test("zones stand by region, with UTC and the one that is set", () => {
  const zones = ["Europe/Zurich", "Europe/Berlin", "America/Argentina/Buenos_Aires"];
  expect(groupZones(zones, "Asia/Kathmandu", "en")).toEqual([
    { region: "", zones: [{ zone: "UTC", city: "UTC" }] },
    {
      region: "America",
      zones: [{ zone: "America/Argentina/Buenos_Aires", city: "Argentina, Buenos Aires" }],
    },
    { region: "Asia", zones: [{ zone: "Asia/Kathmandu", city: "Kathmandu" }] },
    {
      region: "Europe",
      zones: [
        { zone: "Europe/Berlin", city: "Berlin" },
        { zone: "Europe/Zurich", city: "Zurich" },
      ],
    },
  ]);
});

test("the one that is set stands once", () => {
  expect(groupZones(["Europe/Berlin"], "Europe/Berlin", "de").at(-1)?.zones).toHaveLength(1);
});

test("the time there", () => {
  expect(timeThere("Asia/Kathmandu", new Date("2026-11-22T10:00:00Z"), "de")).toBe("So., 15:45");
});
