import { expect, test } from "vitest";
import { invited, organizations, people } from "./cast.ts";

test("fourteen people are in three organizations, and some in two", () => {
  const emails = people.map(({ email }) => email);
  const members = organizations.flatMap((one) => [one.owner, ...one.admins, ...one.members]);
  expect(new Set(emails).size).toBe(14);
  expect(new Set(members)).toEqual(new Set(emails));
  expect(members.length).toBe(16);
  expect(invited.filter((email) => emails.includes(email))).toEqual([]);
});

test("everybody has a seat: five are included in pro", () => {
  for (const { slug, admins, members, seatsBought } of organizations) {
    const open = slug === "acme" ? invited.length : 0;
    expect(1 + admins.length + members.length + open).toBeLessThanOrEqual(5 + seatsBought);
  }
});
