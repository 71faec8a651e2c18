import type { Policies } from "@headroom/domain/configuration";
import type { ErrorCode } from "@headroom/domain/errors";
import type { Role } from "@headroom/domain/permissions";

/**
 * What product.md says of members, invites and seats, once more and as plainly as it goes: people are numbers, links
 * are numbers, and a step answers what the caller is told. It shares no code with the product.
 */
export interface ModelState {
  seats: number;
  members: ReadonlyMap<number, Role>;
  links: ReadonlyMap<number, ModelLink>;
}

export interface ModelLink {
  /** Whose address it was sent to. */
  invitee: number;
  role: "admin" | "member";
  status: "pending" | "accepted" | "declined" | "revoked" | "expired";
  acceptedBy: number | null;
}

export type ModelCommand =
  | { do: "invite"; actor: number; invitee: number; role: "admin" | "member"; link: number }
  | { do: "revoke"; actor: number; link: number }
  | { do: "accept"; actor: number; link: number }
  | { do: "setRole"; actor: number; target: number; role: "admin" | "member" }
  | { do: "remove"; actor: number; target: number }
  | { do: "leave"; actor: number }
  | { do: "setSeats"; seats: number }
  | { do: "wait" };

export type ModelAnswer = ErrorCode | "ok";

type Outcome = [answer: ModelAnswer, next: ModelState];

/** The policies that the model knows. */
export type ModelPolicies = Pick<Policies, "roles" | "invites" | "seats">;

/** What a command is answered in a state, and the state after it. */
function step(state: ModelState, command: ModelCommand, policies: ModelPolicies): Outcome {
  switch (command.do) {
    case "setSeats":
      return ["ok", { ...state, seats: command.seats }];
    case "wait":
      return [
        "ok",
        { ...state, links: mapLinks(state, (link) => (link.status === "pending" ? "expired" : link.status)) },
      ];
    case "accept":
      return accept(state, command, policies);
    case "invite":
    case "revoke":
      return state.members.has(command.actor)
        ? invites(state, command, policies)
        : ["organization_not_found", state];
    default:
      return state.members.has(command.actor)
        ? members(state, command, policies)
        : ["organization_not_found", state];
  }
}

function invites(
  state: ModelState,
  command: Extract<ModelCommand, { do: "invite" | "revoke" }>,
  policies: ModelPolicies,
): Outcome {
  const acting = state.members.get(command.actor);
  const mayInvite =
    acting === "owner" ||
    (acting === "admin" && (policies.invites.by === "admins" || isTop("admin", policies)));
  if (!mayInvite) return ["forbidden", state];
  if (command.do === "revoke") {
    const link = state.links.get(command.link);
    if (link === undefined) return ["invite_not_found", state];
    if (link.status !== "pending") return ["invite_not_pending", state];
    return ["ok", withLink(state, command.link, { ...link, status: "revoked" })];
  }
  if (state.members.has(command.invitee)) return ["already_member", state];
  if (pendingOf(state).some(({ invitee }) => invitee === command.invitee)) return ["already_invited", state];
  const used = seated(state, policies) + (policies.seats.countPending ? pendingOf(state).length : 0);
  if (used + 1 > state.seats) return ["seat_limit_reached", state];
  const { invitee, role } = command;
  return ["ok", withLink(state, command.link, { invitee, role, status: "pending", acceptedBy: null })];
}

function accept(
  state: ModelState,
  { actor, link: number }: { actor: number; link: number },
  policies: ModelPolicies,
): Outcome {
  const link = state.links.get(number);
  if (link === undefined || link.status === "revoked") return ["invite_not_found", state];
  if (link.invitee !== actor) return ["invite_email_mismatch", state];
  const isMember = state.members.has(actor);
  if (link.status === "accepted" && link.acceptedBy === actor && isMember) return ["ok", state];
  if (link.status === "expired") return ["invite_expired", state];
  if (link.status !== "pending") return ["invite_not_pending", state];
  if (!isMember && seated(state, policies) + 1 > state.seats) return ["seat_limit_reached", state];
  const accepted = withLink(state, number, { ...link, status: "accepted", acceptedBy: actor });
  return ["ok", isMember ? accepted : withMember(accepted, actor, link.role)];
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

function pendingOf({ links }: ModelState): ModelLink[] {
  return [...links.values()].filter(({ status }) => status === "pending");
}

function mapLinks({ links }: ModelState, statusOf: (link: ModelLink) => ModelLink["status"]) {
  return new Map([...links].map(([number, link]) => [number, { ...link, status: statusOf(link) }]));
}

function withLink(state: ModelState, number: number, link: ModelLink): ModelState {
  return { ...state, links: new Map(state.links).set(number, link) };
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
export function visible({ seats, members: all, links }: ModelState): string {
  const people = [...all].sort(([one], [other]) => one - other);
  const pending = [...links.values()].filter(({ status }) => status === "pending");
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
