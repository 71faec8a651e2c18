import { changesPower, MembersTable, type Role, useFormats } from "@headroom/react";
import { useState } from "react";
import { Button } from "../components/button.tsx";
import { Section } from "../components/page.tsx";
import { Empty, Failure } from "../components/states.tsx";
import { useMessages } from "../messages/messages.tsx";
import { useMay } from "../organization.tsx";
import { LeaveDialog } from "./leave-dialog.tsx";
import { type Question, RemoveDialog, RoleDialog, useSetRole } from "./member-dialogs.tsx";
import { type Everybody, findMembers, type Member, useOffers } from "./members.ts";
import { TransferDialog } from "./transfer-dialog.tsx";

type Asked = Question | { kind: "leave" } | { kind: "transfer"; member: Member };

const shownAtFirst = 100;
const worthSearching = 6;
const nothing = () => {};

/** The members, with a search where there are many. */
export function MemberList({ everybody }: { everybody: Everybody }) {
  const { members: texts } = useMessages();
  const formats = useFormats();
  const mayChange = useMay("members.change");
  const offers = useOffers(everybody);
  const [search, setSearch] = useState("");
  const [all, setAll] = useState(false);
  const [asked, setAsked] = useState<Asked | null>(null);
  const change = useSetRole(nothing);
  const found = findMembers(everybody.members, search);
  const shown = all ? found : found.slice(0, shownAtFirst);
  const setRole = (member: Member, role: Role) => {
    const power = changesPower(member.role, role);
    if (power === null) change.setRole(member, role);
    else setAsked({ kind: "role", member, role, power });
  };
  return (
    <Section
      title={texts.count(formats.number(everybody.members.length), everybody.members.length)}
      text={mayChange ? undefined : texts.readOnly}
      actions={
        everybody.members.length < worthSearching ? undefined : (
          <input
            className="hr-input member-search"
            type="search"
            aria-label={texts.search}
            placeholder={texts.search}
            value={search}
            onChange={(event) => setSearch(event.currentTarget.value)}
          />
        )
      }
    >
      {change.error ? <Failure error={change.error} /> : null}
      {found.length === 0 ? (
        <Empty title={texts.noneFound(search.trim())} />
      ) : (
        <MembersTable
          members={shown}
          currentUserId={everybody.currentUserId}
          offers={offers}
          busyId={change.busyId}
          onSetRole={setRole}
          onRemove={(member) => setAsked({ kind: "remove", member })}
          onTransfer={(member) => setAsked({ kind: "transfer", member })}
          onLeave={() => setAsked({ kind: "leave" })}
        />
      )}
      {shown.length < found.length ? (
        <div>
          <Button onClick={() => setAll(true)}>
            {texts.showAll(formats.number(found.length - shown.length))}
          </Button>
        </div>
      ) : null}
      <Asking asked={asked} onClose={() => setAsked(null)} />
    </Section>
  );
}

function Asking({ asked, onClose }: { asked: Asked | null; onClose: () => void }) {
  switch (asked?.kind) {
    case undefined:
      return null;
    case "role":
      return <RoleDialog question={asked} onClose={onClose} />;
    case "remove":
      return <RemoveDialog member={asked.member} onClose={onClose} />;
    case "transfer":
      return <TransferDialog member={asked.member} onClose={onClose} />;
    case "leave":
      return <LeaveDialog onClose={onClose} />;
  }
}
