import { type Role, SeatMeter } from "@headroom/react";
import { useCallback, useState } from "react";
import { Link } from "wouter";
import { Button } from "../components/button.tsx";
import { UserPlus } from "../components/icons.tsx";
import { Page } from "../components/page.tsx";
import { Banner } from "../components/states.tsx";
import { useMessages } from "../messages/messages.tsx";
import { pageOf, useMay, useOrganization } from "../organization.tsx";
import { InviteDialog } from "./invite-dialog.tsx";
import { MemberList } from "./member-list.tsx";
import type { Everybody } from "./members.ts";
import { PendingInvites } from "./pending-invites.tsx";

type Invitable = Exclude<Role, "owner">;

/** Who is in the organization and who is invited, and how the seats stand. */
export function People({ everybody }: { everybody: Everybody }) {
  const { members: texts } = useMessages();
  const [inviting, setInviting] = useState(false);
  const [links, setLinks] = useState<ReadonlyMap<string, string>>(new Map());
  const remember = useCallback(
    (inviteId: string, link: string) => setLinks((known) => new Map(known).set(inviteId, link)),
    [],
  );
  const mayInvite = useMay("invites.manage");
  const { seats } = everybody;
  const full = seats.available === 0;
  const reason = mayInvite ? (full ? texts.full.reason : null) : texts.onlyInviters;
  const roles: readonly Invitable[] = ["member", "admin"];
  return (
    <Page
      title={texts.title}
      actions={
        <Button kind="primary" reason={reason} onClick={() => setInviting(true)}>
          <UserPlus size={18} />
          {texts.invite}
        </Button>
      }
    >
      <div className="hr-card">
        <SeatMeter seats={seats} memberCount={everybody.members.length}>
          {full && mayInvite ? <FullBanner /> : null}
        </SeatMeter>
      </div>
      <MemberList everybody={everybody} />
      <PendingInvites invites={everybody.invites} links={links} onLink={remember} mayInvite={mayInvite} />
      {inviting ? (
        <InviteDialog seats={seats} roles={roles} onLink={remember} onClose={() => setInviting(false)} />
      ) : null}
    </Page>
  );
}

/** What to do when no seat is left. */
function FullBanner() {
  const { full } = useMessages().members;
  const { slug } = useOrganization();
  const mayPay = useMay("billing.manage");
  return (
    <Banner
      tone="warning"
      actions={
        <Link className="hr-button" href={`~${pageOf(slug, "plan")}`}>
          {full.plan}
        </Link>
      }
    >
      <p>
        <strong>{full.title}</strong> {mayPay ? full.mayPay : full.others}
      </p>
    </Banner>
  );
}
