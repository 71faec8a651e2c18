import type { Policies } from "@headroom/domain/configuration";
import type { ErrorCode } from "@headroom/domain/errors";
import type { Role } from "@headroom/domain/permissions";

/**
 * What product.md says of members, invites and seats, once more and as plainly as it goes: people and invites are
 * numbers, and a step answers what the caller is told. It shares no code with the product.
 */
export interface ModelState {
  seats: number;
  members: ReadonlyMap<number, Role>;
  invites: ReadonlyMap<number, ModelInvite>;
}

export interface ModelInvite {
  /** Whose address it was sent to. */
  invitee: number;
  role: "admin" | "member";
  status: "pending" | "accepted" | "declined" | "revoked" | "expired";
  acceptedBy: number | null;
  /** Which of its links opens it: a resend makes the next one. 0: nobody was told of any. */
  version: number;
}

export type ModelCommand =
  | { do: "invite"; actor: number; invitee: number; role: "admin" | "member"; invite: number }
  | { do: "revoke" | "resend"; actor: number; invite: number }
  | { do: "accept"; actor: number; invite: number; version: number }
  | { do: "decline"; invite: number; version: number }
  | { do: "transfer"; actor: number; target: number }
  | { do: "setRole"; actor: number; target: number; role: "admin" | "member" }
  | { do: "remove"; actor: number; target: number }
  | { do: "leave"; actor: number }
  | { do: "setSeats"; seats: number }
  | { do: "wait" };

export type ModelAnswer = ErrorCode | "ok";

type Outcome = [answer: ModelAnswer, next: ModelState];

/** The policies that the model knows. */
export type ModelPolicies = Pick<Policies, "roles" | "invites" | "ownership" | "seats">;

/** What a command is answered in a state, and the state after it. */
function step(state: ModelState, command: ModelCommand, policies: ModelPolicies): Outcome {
  switch (command.do) {
    case "setSeats":
      return ["ok", { ...state, seats: command.seats }];
    case "wait":
      return ["ok", expireAll(state)];
    case "accept":
      return accept(state, command, policies);
    case "decline":
      return decline(state, command);
    case "transfer":
      return transfer(state, command, policies);
    case "invite":
    case "revoke":
    case "resend":
      return manageInvites(state, command, policies);
    default:
      return state.members.has(command.actor)
        ? members(state, command, policies)
        : ["organization_not_found", state];
  }
}

function manageInvites(
  state: ModelState,
  command: Extract<ModelCommand, { do: "invite" | "revoke" | "resend" }>,
  policies: ModelPolicies,
): Outcome {
  const acting = state.members.get(command.actor);
  if (acting === undefined) return ["organization_not_found", state];
  const byAdmins = policies.invites.by === "admins" || isTop("admin", policies);
  if (acting === "member" || (acting === "admin" && !byAdmins)) return ["forbidden", state];
  if (command.do === "invite") return invite(state, command, policies);
  const known = state.invites.get(command.invite);
  if (known === undefined) return ["invite_not_found", state];
  return command.do === "revoke"
    ? revoke(state, command.invite, known)
    : resend(state, command.invite, known, policies);
}

function invite(
  state: ModelState,
  { invite: number, invitee, role }: Extract<ModelCommand, { do: "invite" }>,
  policies: ModelPolicies,
): Outcome {
  if (state.members.has(invitee)) return ["already_member", state];
  if (pendingOf(state).some((one) => one.invitee === invitee)) return ["already_invited", state];
  if (!hasFreeSeat(state, policies)) return ["seat_limit_reached", state];
  const fresh = { invitee, role };
  if (policies.invites.mode === "direct") {
    const joined = withMember(state, invitee, role);
    return [
      "ok",
      withInvite(joined, number, { ...fresh, status: "accepted", acceptedBy: invitee, version: 0 }),
    ];
  }
  return ["ok", withInvite(state, number, { ...fresh, status: "pending", acceptedBy: null, version: 1 })];
}

function revoke(state: ModelState, number: number, known: ModelInvite): Outcome {
  if (known.status !== "pending") return ["invite_not_pending", state];
  return ["ok", withInvite(state, number, { ...known, status: "revoked" })];
}

function resend(state: ModelState, number: number, known: ModelInvite, policies: ModelPolicies): Outcome {
  const { status, invitee, version } = known;
  if (status !== "pending" && status !== "expired") return ["invite_not_pending", state];
  if (state.members.has(invitee)) return ["already_member", state];
  if (status === "expired") {
    if (pendingOf(state).some((one) => one.invitee === invitee)) return ["already_invited", state];
    if (!hasFreeSeat(state, policies)) return ["seat_limit_reached", state];
  }
  return ["ok", withInvite(state, number, { ...known, status: "pending", version: version + 1 })];
}

/** What a link opens: nothing when it was revoked, or when there is a newer one. */
function open(state: ModelState, { invite: number, version }: { invite: number; version: number }) {
  const found = state.invites.get(number);
  if (found === undefined || found.status === "revoked" || version < 1) return null;
  return found.version === version ? found : null;
}

function accept(
  state: ModelState,
  command: Extract<ModelCommand, { do: "accept" }>,
  policies: ModelPolicies,
): Outcome {
  const { actor } = command;
  const found = open(state, command);
  if (found === null) return ["invite_not_found", state];
  if (found.invitee !== actor) return ["invite_email_mismatch", state];
  const isMember = state.members.has(actor);
  if (found.status === "accepted" && found.acceptedBy === actor && isMember) return ["ok", state];
  if (found.status === "expired") return ["invite_expired", state];
  if (found.status !== "pending") return ["invite_not_pending", state];
  if (!isMember && seated(state, policies) + 1 > state.seats) return ["seat_limit_reached", state];
  const accepted = withInvite(state, command.invite, { ...found, status: "accepted", acceptedBy: actor });
  return ["ok", isMember ? accepted : withMember(accepted, actor, found.role)];
}

function decline(state: ModelState, command: Extract<ModelCommand, { do: "decline" }>): Outcome {
  const found = open(state, command);
  if (found === null) return ["invite_not_found", state];
  if (found.status === "declined") return ["ok", state];
  if (found.status === "expired") return ["invite_expired", state];
  if (found.status !== "pending") return ["invite_not_pending", state];
  return ["ok", withInvite(state, command.invite, { ...found, status: "declined" })];
}

function transfer(
  state: ModelState,
  { actor, target }: { actor: number; target: number },
  policies: ModelPolicies,
): Outcome {
  const acting = state.members.get(actor);
  if (acting === undefined) return ["organization_not_found", state];
  if (!isTop(acting, policies)) return ["forbidden", state];
  if (policies.ownership.transfer === "operator") return ["ownership_transfer_disabled", state];
  if (!state.members.has(target)) return ["not_a_member", state];
  return ["ok", actor === target ? state : withMember(withMember(state, actor, "admin"), target, "owner")];
}

function members(
  state: ModelState,
  command: Extract<ModelCommand, { do: "setRole" | "remove" | "leave" }>,
  policies: ModelPolicies,
): Outcome {
  const acting = state.members.get(command.actor) as Role;
  const lastTop: ModelAnswer = policies.roles.creator === "owner" ? "last_owner" : "last_admin";
  const isLastTop = (person: number) =>
    isTop(state.members.get(person), policies) &&
    [...state.members.values()].filter((role) => isTop(role, policies)).length === 1;
  if (command.do === "leave" || (command.do === "remove" && command.target === command.actor)) {
    return isLastTop(command.actor) ? [lastTop, state] : ["ok", withoutMember(state, command.actor)];
  }
  if (acting === "member") return ["forbidden", state];
  const target = state.members.get(command.target);
  if (target === undefined) return ["user_not_found", state];
  if (command.do === "setRole" && command.target === command.actor) return ["cannot_change_own_role", state];
  if (!isTop(acting, policies) && !(acting === "admin" && target === "member")) return ["forbidden", state];
  const staysTop = command.do === "setRole" && isTop(command.role, policies);
  if (isLastTop(command.target) && !staysTop) return [lastTop, state];
  return command.do === "remove"
    ? ["ok", withoutMember(state, command.target)]
    : ["ok", withMember(state, command.target, command.role)];
}

function isTop(role: Role | undefined, policies: ModelPolicies): boolean {
  return role === "owner" || (role === "admin" && policies.roles.creator === "admin");
}

function seated({ members: all }: ModelState, { seats }: ModelPolicies): number {
  return [...all.values()].filter((role) => seats.basis === "all_members" || role !== "owner").length;
}

function hasFreeSeat(state: ModelState, policies: ModelPolicies): boolean {
  const reserved = policies.seats.countPending ? pendingOf(state).length : 0;
  return seated(state, policies) + reserved + 1 <= state.seats;
}

function pendingOf({ invites }: ModelState): ModelInvite[] {
  return [...invites.values()].filter(({ status }) => status === "pending");
}

function expireAll(state: ModelState): ModelState {
  const expired = [...state.invites].map(
    ([number, one]) =>
      [number, one.status === "pending" ? { ...one, status: "expired" as const } : one] as const,
  );
  return { ...state, invites: new Map(expired) };
}

function withInvite(state: ModelState, number: number, one: ModelInvite): ModelState {
  return { ...state, invites: new Map(state.invites).set(number, one) };
}

function withMember(state: ModelState, person: number, role: Role): ModelState {
  return { ...state, members: new Map(state.members).set(person, role) };
}

function withoutMember(state: ModelState, person: number): ModelState {
  const rest = new Map(state.members);
  rest.delete(person);
  return { ...state, members: rest };
}

declare module "vitest" {
  export interface ProvidedContext {
    /** How many commands a model test performs: fewer beside other tests, many in a soak. */
    modelCommands: number;
  }
}

/** What is seen of a state from outside. */
export function visible({ seats, members: all, invites }: ModelState): string {
  const people = [...all].sort(([one], [other]) => one - other);
  const pending = [...invites.values()].filter(({ status }) => status === "pending");
  return JSON.stringify({
    seats,
    people,
    pending: pending.map(({ invitee, role }) => [invitee, role]).sort(),
  });
}

/**
 * The state after commands that ran at once, if any order of them explains every answer and what is seen at the end;
 * null when none does.
 */
export function explain(
  state: ModelState,
  done: readonly { command: ModelCommand; answer: ModelAnswer }[],
  seen: string,
  policies: ModelPolicies,
): ModelState | null {
  if (done.length === 0) return visible(state) === seen ? state : null;
  for (const [index, { command, answer }] of done.entries()) {
    const [expected, next] = step(state, command, policies);
    if (expected !== answer) continue;
    const found = explain(next, done.toSpliced(index, 1), seen, policies);
    if (found !== null) return found;
  }
  return null;
}
