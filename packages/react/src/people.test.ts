import { createElement as element, type ReactNode } from "react";
import { renderToString } from "react-dom/server";
import { expect, test } from "vitest";
import { AcceptInvite } from "./accept-invite.tsx";
import { offersFor } from "./member-offers.ts";
import { MembersTable } from "./members-table.tsx";
import { HeadroomProvider } from "./provider.tsx";
import { SeatMeter } from "./seat-meter.tsx";

const seats = { limit: 5, members: 3, pending: 1, used: 4, available: 1, overLimit: false };
function Germans({ table }: { table: ReactNode }) {
  return HeadroomProvider({ locale: "de", timeZone: "Europe/Berlin", children: table });
}

const text = (html: string) => html.replaceAll("<!-- -->", "");

test("seats are told with what is pending, and who counts", () => {
  const html = text(renderToString(element(SeatMeter, { seats })));
  expect(html).toContain("4 of 5 seats taken, 1 by a pending invite");
  expect(html).toContain("1 free");
  expect(html).toContain("So does an invite");
});

test("seats without pending ones counted, without the owner, beyond the limit, without a limit", () => {
  const uncounted = text(
    renderToString(element(SeatMeter, { seats: { ...seats, used: 3 }, memberCount: 4 })),
  );
  expect(uncounted).toContain("3 of 5 seats taken, 1 invite pending");
  expect(uncounted).toContain("Invites take none until they are accepted. The owner takes none.");
  const over = { limit: 2, members: 3, pending: 0, used: 3, available: 0, overLimit: true };
  expect(text(renderToString(element(SeatMeter, { seats: over })))).toContain("3 of 2 seats taken");
  expect(text(renderToString(element(SeatMeter, { seats: over })))).toContain("nobody can join");
  const endless = { ...seats, limit: null, available: null };
  expect(text(renderToString(element(SeatMeter, { seats: endless })))).toContain(
    "4 seats taken, no limit, 1 by a pending invite",
  );
});

test("members have names for every control, in the reader's language", () => {
  const members = [
    {
      id: "usr_1",
      name: "Ada",
      email: "ada@acme.test",
      role: "owner" as const,
      joinedAt: "2026-11-22T10:00:00Z",
    },
    {
      id: "usr_2",
      name: null,
      email: "bob@acme.test",
      role: "member" as const,
      joinedAt: "2026-11-22T10:00:00Z",
    },
  ];
  const permissions = ["members.change", "organization.delete", "organization.transfer"];
  const offers = offersFor({ userId: "usr_1", role: "owner", permissions, members });
  const acts = { onSetRole() {}, onRemove() {}, onLeave() {}, onTransfer() {} };
  const table = element(MembersTable, { members, currentUserId: "usr_1", offers, ...acts });
  const html = text(renderToString(element(Germans, { table })));
  expect(html).toContain('aria-label="Rolle von bob@acme.test"');
  expect(html).toContain('aria-label="Aktionen für Ada"');
  expect(html).toContain("Niemand ändert die eigene Rolle.");
});

test("an invite that is open for who reads it can be accepted and declined", () => {
  const invite = {
    organization: { name: "Acme" },
    invitedBy: { name: "Ada" },
    role: "admin" as const,
    email: "b***@acme.test",
    expiresAt: "2026-11-29T10:00:00Z",
    state: "pending" as const,
  };
  const acts = { onSignIn() {}, onSignInAsAnother() {}, onAccept() {}, onDecline() {}, onOpen() {} };
  const of = (step: "accept" | "full") =>
    text(renderToString(element(AcceptInvite, { invite, step, signedInAs: "bob@acme.test", ...acts })));
  expect(of("accept")).toContain("Accept invite");
  expect(of("accept")).toContain("Decline");
  expect(of("full")).toContain("Ask Ada for one.");
  expect(of("full")).not.toContain("Decline");
});
