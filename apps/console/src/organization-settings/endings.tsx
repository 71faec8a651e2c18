import { type ReactNode, useState } from "react";
import { Link } from "wouter";
import { Button } from "../components/button.tsx";
import { Section } from "../components/page.tsx";
import { useMessages } from "../messages/messages.tsx";
import { pageOf, useMay, useOrganization } from "../organization.tsx";
import { LeaveDialog } from "../people/leave-dialog.tsx";
import { useEverybody, useOffers } from "../people/members.ts";
import { DeleteDialog } from "./delete-dialog.tsx";
import { HandOverDialog } from "./hand-over-dialog.tsx";

/** Ownership to another member, leaving, deletion. */
export function Endings() {
  const { settings } = useMessages();
  const { slug } = useOrganization();
  const [open, setOpen] = useState<"transfer" | "leave" | "delete" | null>(null);
  const mayTransfer = useMay("organization.transfer");
  const mayDelete = useMay("organization.delete");
  const { leave, alone } = useLeaving();
  const close = () => setOpen(null);
  return (
    <Section title={settings.endings.title}>
      <div className="endings">
        <Ending title={settings.endings.transfer} text={settings.endings.transferText}>
          {alone && mayTransfer ? (
            <Link className="hr-button" href={`~${pageOf(slug, "members")}`}>
              {settings.endings.inviteFirst}
            </Link>
          ) : (
            <Button reason={mayTransfer ? null : settings.ownerOnly} onClick={() => setOpen("transfer")}>
              {settings.endings.transfer}
            </Button>
          )}
        </Ending>
        <Ending title={settings.endings.leave} text={leave ?? settings.endings.leaveText}>
          <Button kind="danger" reason={leave} onClick={() => setOpen("leave")}>
            {settings.endings.leave}
          </Button>
        </Ending>
        <Ending title={settings.endings.delete} text={settings.endings.deleteText}>
          <Button
            kind="danger"
            reason={mayDelete ? null : settings.ownerOnly}
            onClick={() => setOpen("delete")}
          >
            {settings.endings.delete}
          </Button>
        </Ending>
      </div>
      {open === "transfer" ? <HandOverDialog onClose={close} /> : null}
      {open === "leave" ? <LeaveDialog onClose={close} /> : null}
      {open === "delete" ? <DeleteDialog onClose={close} /> : null}
    </Section>
  );
}

function Ending(props: { title: string; text: string; children: ReactNode }) {
  return (
    <div className="ending">
      <div>
        <h3>{props.title}</h3>
        <p className="hr-muted">{props.text}</p>
      </div>
      {props.children}
    </div>
  );
}

/** Why the person cannot leave, null when they can; and whether there is nobody else. */
function useLeaving(): { leave: string | null; alone: boolean } {
  const { data } = useEverybody();
  const { settings, common } = useMessages();
  const everybody = data ?? { members: [], currentUserId: null, currentUserRole: null };
  const offers = useOffers(everybody);
  const self = everybody.members.find(({ id }) => id === everybody.currentUserId);
  if (self === undefined) return { leave: common.notAllowed, alone: false };
  const { leave } = offers(self);
  return {
    leave: leave === null ? null : settings.endings[leave === "lastAdmin" ? "lastAdmin" : "lastOwner"],
    alone: everybody.members.length === 1,
  };
}
