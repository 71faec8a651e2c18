import { DropdownMenu } from "radix-ui";
import { type ReactNode, useId, useRef } from "react";
import type { MemberOffer, Refusal } from "./member-offers.ts";
import { useFormats, useWords } from "./provider.tsx";
import { type Role, roleName } from "./roles.ts";

/** A member, as `members.list` answers them. */
export type TableMember = {
  id: string;
  name: string | null;
  email: string | null;
  role: Role;
  joinedAt: string;
};

export type MembersTableProps = {
  members: readonly TableMember[];
  /** Which of them the reader is. */
  currentUserId: string | null;
  /** What the reader can do with a member: `offersFor` has the rules. */
  offers: (member: TableMember) => MemberOffer;
  onSetRole: (member: TableMember, role: Role) => void;
  onRemove: (member: TableMember) => void;
  onLeave: () => void;
  onTransfer: (member: TableMember) => void;
  /** A member whose role is being changed: the choice waits. */
  busyId?: string | null;
};

/** Members with their roles and what can be done with each; what cannot be done says why. */
export function MembersTable(props: MembersTableProps) {
  const { members: words } = useWords();
  const formats = useFormats();
  return (
    <table className="hr-table hr-members" data-cards>
      <caption className="hr-hidden">{words.caption}</caption>
      <thead>
        <tr>
          <th scope="col">{words.name}</th>
          <th scope="col">{words.role}</th>
          <th scope="col">{words.joined}</th>
          <th scope="col">
            <span className="hr-hidden">{words.actions}</span>
          </th>
        </tr>
      </thead>
      <tbody>
        {props.members.map((member) => (
          <tr key={member.id}>
            <th scope="row">
              <Person member={member} isSelf={member.id === props.currentUserId} />
            </th>
            <td data-label={words.role}>
              <RoleChoice member={member} {...props} />
            </td>
            <td data-label={words.joined}>{formats.date(member.joinedAt)}</td>
            <td className="hr-members-actions">
              <Actions member={member} {...props} />
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function Person({ member, isSelf }: { member: TableMember; isSelf: boolean }) {
  const { members: words } = useWords();
  const called = nameOf(member);
  return (
    <div className="hr-person">
      <span className="hr-person-initials" aria-hidden>
        {initialsOf(called)}
      </span>
      <span className="hr-person-text">
        <span>
          {called}
          {isSelf ? <span className="hr-badge hr-person-you">{words.you}</span> : null}
        </span>
        {member.name === null || member.email === null ? null : (
          <span className="hr-muted">{member.email}</span>
        )}
      </span>
    </div>
  );
}

function RoleChoice({ member, offers, onSetRole, busyId }: MembersTableProps & { member: TableMember }) {
  const words = useWords();
  const id = useId();
  const offer = offers(member);
  // Who changes no roles at all reads them; a choice that is closed for this member alone says why.
  if (offer.setRole === "notAllowed") return <span>{roleName(words, member.role)}</span>;
  const refusal = offer.setRole === null ? null : words.members.refusals[offer.setRole];
  return (
    <>
      <select
        className="hr-input hr-members-role"
        aria-label={words.members.roleOf(nameOf(member))}
        aria-describedby={refusal === null ? undefined : id}
        title={refusal ?? undefined}
        disabled={refusal !== null || busyId === member.id}
        value={member.role}
        onChange={(event) => onSetRole(member, event.currentTarget.value as Role)}
      >
        {offer.roles.map((role) => (
          <option key={role} value={role}>
            {roleName(words, role)}
          </option>
        ))}
      </select>
      {refusal === null ? null : (
        <span className="hr-hidden" id={id}>
          {refusal}
        </span>
      )}
    </>
  );
}

function Actions(props: MembersTableProps & { member: TableMember }) {
  const { members: words } = useWords();
  const { member, currentUserId } = props;
  const offer = props.offers(member);
  const name = nameOf(member);
  const isSelf = member.id === currentUserId;
  const trigger = useRef<HTMLButtonElement>(null);
  const chosen = useRef<(() => void) | null>(null);
  // What is chosen begins once the menu is gone: whatever it opens can then give the focus back to the button.
  const onClosed = (event: Event) => {
    if (chosen.current === null) return;
    event.preventDefault();
    trigger.current?.focus();
    chosen.current();
    chosen.current = null;
  };
  const choose = (act: () => void) => () => {
    chosen.current = act;
  };
  if (!isSelf && offer.remove === "notAllowed" && offer.transfer === "hidden") return null;
  return (
    <DropdownMenu.Root modal={false}>
      <DropdownMenu.Trigger
        ref={trigger}
        className="hr-button"
        data-kind="quiet"
        aria-label={words.actionsFor(name)}
        title={words.actionsFor(name)}
      >
        <Dots />
      </DropdownMenu.Trigger>
      <DropdownMenu.Portal>
        <DropdownMenu.Content
          className="hr-menu"
          align="end"
          sideOffset={4}
          collisionPadding={8}
          onCloseAutoFocus={onClosed}
        >
          {offer.transfer === "hidden" ? null : (
            <Item refusal={offer.transfer} onSelect={choose(() => props.onTransfer(member))}>
              {words.transferTo(name)}
            </Item>
          )}
          {isSelf ? (
            <Item refusal={offer.leave} tone="danger" onSelect={choose(props.onLeave)}>
              {words.leave}
            </Item>
          ) : (
            <Item refusal={offer.remove} tone="danger" onSelect={choose(() => props.onRemove(member))}>
              {words.remove(name)}
            </Item>
          )}
        </DropdownMenu.Content>
      </DropdownMenu.Portal>
    </DropdownMenu.Root>
  );
}

/** One that cannot be used can still be reached, and says why. */
function Item(props: {
  refusal: Refusal | null;
  tone?: "danger";
  onSelect: () => void;
  children: ReactNode;
}) {
  const { members: words } = useWords();
  const { refusal } = props;
  return (
    <DropdownMenu.Item
      className="hr-menu-item"
      data-tone={props.tone}
      aria-disabled={refusal === null ? undefined : true}
      onSelect={(event) => (refusal === null ? props.onSelect() : event.preventDefault())}
    >
      {props.children}
      {refusal === null ? null : <span className="hr-menu-reason">{words.refusals[refusal]}</span>}
    </DropdownMenu.Item>
  );
}

function Dots() {
  return (
    <svg aria-hidden width="18" height="18" viewBox="0 0 24 24" fill="currentColor">
      <circle cx="5" cy="12" r="2" />
      <circle cx="12" cy="12" r="2" />
      <circle cx="19" cy="12" r="2" />
    </svg>
  );
}

/** What a member is called: their name, else their address, else their id. */
export function nameOf(member: { id: string; name: string | null; email: string | null }): string {
  return member.name ?? member.email ?? member.id;
}

function initialsOf(called: string): string {
  const [first = "", ...others] = called
    .split("@", 1)
    .join("")
    .split(/[\s._-]+/)
    .filter(Boolean);
  return `${first.slice(0, 1)}${others.at(-1)?.slice(0, 1) ?? ""}`.toUpperCase();
}
