import type { Role } from "./roles.ts";

/** Why something cannot be done with a member. */
export type Refusal = "notAllowed" | "ownRole" | "isOwner" | "rank" | "lastOwner" | "lastAdmin";

/** What one person can do with one member; null: nothing is in the way. */
export type MemberOffer = {
  /** Roles that the member can have, the present one included. */
  roles: readonly Role[];
  setRole: Refusal | null;
  /** Of somebody else; `leave` is it for oneself. */
  remove: Refusal | null;
  leave: Refusal | null;
  /** Making the member the owner. Not offered where nobody here could. */
  transfer: Refusal | null | "hidden";
};

/** Who acts, and what stands in the list of members. */
export type MemberSituation = {
  userId: string | null;
  /** The acting person's. */
  role: Role | null;
  /** What `permissions.get` answered. */
  permissions: readonly string[];
  /** All members of the organization. */
  members: readonly { id: string; role: Role }[];
};

const ranks: Readonly<Record<string, number>> = { owner: 3, admin: 2, member: 1 };
const rankOf = (role: string): number => ranks[role] ?? 1;

/** The rules of members and roles, as the api would answer: for controls that say beforehand why they cannot be used. */
export function offersFor(situation: MemberSituation): (member: { id: string; role: Role }) => MemberOffer {
  const { userId, role, permissions, members } = situation;
  const isTop = permissions.includes("organization.delete");
  const mayChange = permissions.includes("members.change");
  const top = isTop && role !== "owner" ? "admin" : "owner";
  const acting = isTop ? 3 : mayChange ? 2 : rankOf(role ?? "member");
  const holdsTop = (held: string) => rankOf(held) >= rankOf(top);
  const topHolders = members.filter((member) => holdsTop(member.role)).length;
  const lastTop = top === "owner" ? "lastOwner" : "lastAdmin";

  const touching = (member: { id: string; role: Role }): Refusal | null => {
    if (!mayChange) return "notAllowed";
    if (!isTop && acting <= rankOf(member.role)) return member.role === "owner" ? "isOwner" : "rank";
    return holdsTop(member.role) && topHolders <= 1 ? lastTop : null;
  };

  return (member) => {
    const isSelf = member.id === userId;
    const refusal = touching(member);
    return {
      roles: [...new Set<Role>(["admin", "member", member.role])].sort((a, b) => rankOf(b) - rankOf(a)),
      setRole: mayChange && isSelf ? "ownRole" : refusal,
      remove: refusal,
      leave: holdsTop(member.role) && topHolders <= 1 ? lastTop : null,
      transfer: !permissions.includes("organization.transfer") || top !== "owner" || isSelf ? "hidden" : null,
    };
  };
}

/** Whether a change of role gives power or takes it, so that it is worth asking about. */
export function changesPower(from: string, to: string): "gives" | "takes" | null {
  const difference = rankOf(to) - rankOf(from);
  return difference === 0 ? null : difference > 0 ? "gives" : "takes";
}
