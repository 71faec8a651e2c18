export { AcceptInvite, type AcceptInviteProps } from "./accept-invite.tsx";
export { createFormats, type Formats } from "./formats.ts";
export { type InviteStep, inviteStep, type PreviewedInvite } from "./invite-steps.ts";
export {
  changesPower,
  type MemberOffer,
  type MemberSituation,
  offersFor,
  type Refusal,
} from "./member-offers.ts";
export { MembersTable, type MembersTableProps, nameOf, type TableMember } from "./members-table.tsx";
export { type Messages, messages } from "./messages.ts";
export { HeadroomProvider, type HeadroomProviderProps, useFormats, useWords } from "./provider.tsx";
export { type Role, roleName } from "./roles.ts";
export { type SeatCounts, SeatMeter, type SeatMeterProps } from "./seat-meter.tsx";
