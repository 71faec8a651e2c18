import { z } from "zod";
import { instant, membershipId, userId } from "../inputs.ts";
import { invite } from "./invites.ts";
import { role } from "./roles.ts";

export const member = z.strictObject({
  id: userId.describe("The user"),
  membershipId,
  email: z.string().nullable(),
  name: z.string().nullable(),
  role,
  status: z.literal("active"),
  joinedAt: instant,
});

const count = z.int().min(0);

export const seats = z.strictObject({
  limit: count.nullable().describe("null: none"),
  members: count.describe("Members that take a seat"),
  pending: count.describe("Invites that are open"),
  used: count.describe("What a new invite is weighed against"),
  available: count.nullable(),
  overLimit: z.boolean().describe("More members than seats: nobody is removed, nobody can join"),
});

/** The fields of a page of members; the pending invites follow the last member. */
export const memberPageFields = {
  members: z.array(member),
  invites: z.array(invite).describe("Pending ones; they follow the last member"),
  seats,
  currentUserId: userId.nullable().describe("null for a key without a member"),
  currentUserRole: role.nullable(),
  nextCursor: z.string().nullable(),
};

export const memberPage = z.strictObject(memberPageFields);
