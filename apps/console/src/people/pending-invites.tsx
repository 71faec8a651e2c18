import { roleName, useFormats, useWords } from "@headroom/react";
import { useMutation } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { useTRPC } from "../api.ts";
import { Button } from "../components/button.tsx";
import { ConfirmDialog } from "../components/confirm-dialog.tsx";
import { CopyButton } from "../components/copy-button.tsx";
import { Section } from "../components/page.tsx";
import { Empty, Failure } from "../components/states.tsx";
import { useToast } from "../components/toasts.tsx";
import { useMessages } from "../messages/messages.tsx";
import { useOrganization } from "../organization.tsx";
import { Delivery } from "./delivery.tsx";
import { type Invite, useRefreshPeople } from "./members.ts";

type PendingProps = {
  invites: readonly Invite[];
  /** Links that this page has learned, by the invite's id. */
  links: ReadonlyMap<string, string>;
  onLink: (inviteId: string, link: string) => void;
  mayInvite: boolean;
};

/** Invites that can still be accepted: whether their mail arrived, how long they are open, and what to do with each. */
export function PendingInvites(props: PendingProps) {
  const { pending } = useMessages().members;
  const formats = useFormats();
  const [revoked, setRevoked] = useState<Invite | null>(null);
  const { invites, mayInvite } = props;
  const some = invites.length > 0;
  const hidden = mayInvite && invites.some((invite) => linkOf(invite, props.links) === null);
  return (
    <Section
      title={some ? pending.count(formats.number(invites.length)) : pending.title}
      text={some && hidden ? pending.linkHint : undefined}
    >
      {some ? (
        <InviteTable {...props} onRevoke={setRevoked} />
      ) : (
        <Empty title={pending.none} text={pending.noneText} />
      )}
      {revoked === null ? null : <RevokeDialog invite={revoked} onClose={() => setRevoked(null)} />}
    </Section>
  );
}

function InviteTable(props: PendingProps & { onRevoke: (invite: Invite) => void }) {
  const { pending } = useMessages().members;
  return (
    <table className="hr-table invites" data-cards>
      <caption className="hr-hidden">{pending.title}</caption>
      <thead>
        <tr>
          <th scope="col">{pending.address}</th>
          <th scope="col">{pending.role}</th>
          <th scope="col">{pending.delivery}</th>
          <th scope="col">{pending.expires}</th>
          {props.mayInvite ? (
            <th scope="col">
              <span className="hr-hidden">{pending.actions}</span>
            </th>
          ) : null}
        </tr>
      </thead>
      <tbody>
        {props.invites.map((invite) => (
          <InviteRow key={invite.id} invite={invite} {...props} />
        ))}
      </tbody>
    </table>
  );
}

function InviteRow(props: PendingProps & { invite: Invite; onRevoke: (invite: Invite) => void }) {
  const { pending } = useMessages().members;
  const words = useWords();
  const formats = useFormats();
  const now = useNow();
  const { invite } = props;
  return (
    <tr>
      <th scope="row">{invite.email}</th>
      <td data-label={pending.role}>{roleName(words, invite.role)}</td>
      <td data-label={pending.delivery}>
        <Delivery state={invite.emailDelivery} />
      </td>
      <td data-label={pending.expires}>
        <time dateTime={invite.expiresAt} title={formats.dateTime(invite.expiresAt)}>
          {formats.relative(invite.expiresAt, now)}
        </time>
      </td>
      {props.mayInvite ? (
        <td className="invite-actions">
          <InviteActions {...props} />
        </td>
      ) : null}
    </tr>
  );
}

function InviteActions(props: PendingProps & { invite: Invite; onRevoke: (invite: Invite) => void }) {
  const { pending } = useMessages().members;
  const { id: organizationId } = useOrganization();
  const toast = useToast();
  const refresh = useRefreshPeople();
  const { invite } = props;
  const link = linkOf(invite, props.links);
  const resending = useMutation(
    useTRPC().invites.resend.mutationOptions({
      onSuccess: async ({ id, inviteUrl }) => {
        if (inviteUrl !== null) props.onLink(id, inviteUrl);
        await refresh();
        toast(pending.resent(invite.email));
      },
    }),
  );
  return (
    <>
      <div className="actions">
        {link === null ? null : <CopyButton text={link} label={pending.copy} about={invite.email} />}
        <Button
          aria-label={pending.resendTo(invite.email)}
          busy={resending.isPending}
          onClick={() => resending.mutate({ organizationId, inviteId: invite.id })}
        >
          {pending.resend}
        </Button>
        <Button
          kind="quiet"
          aria-label={pending.revokeOf(invite.email)}
          onClick={() => props.onRevoke(invite)}
        >
          {pending.revoke}
        </Button>
      </div>
      {resending.isError ? <Failure error={resending.error} /> : null}
    </>
  );
}

function RevokeDialog({ invite, onClose }: { invite: Invite; onClose: () => void }) {
  const { pending } = useMessages().members;
  const { id: organizationId } = useOrganization();
  const toast = useToast();
  const refresh = useRefreshPeople();
  const revocation = useMutation(
    useTRPC().invites.revoke.mutationOptions({
      onSuccess: async () => {
        await refresh();
        onClose();
        toast(pending.revoking.done(invite.email));
      },
    }),
  );
  return (
    <ConfirmDialog
      open
      onOpenChange={(open) => (open ? undefined : onClose())}
      title={pending.revoking.title(invite.email)}
      text={<p>{pending.revoking.text}</p>}
      action={pending.revoke}
      busy={revocation.isPending}
      error={revocation.error}
      onConfirm={() => revocation.mutate({ organizationId, inviteId: invite.id })}
    />
  );
}

/** Told in the list only where the policy says so; else known since it was made here. */
function linkOf(invite: Invite, links: ReadonlyMap<string, string>): string | null {
  return invite.inviteUrl ?? links.get(invite.id) ?? null;
}

const tickMs = 30_000;

/** The browser's clock, moving. */
function useNow(): Date {
  const [now, setNow] = useState(() => new Date());
  useEffect(() => {
    const timer = setInterval(() => setNow(new Date()), tickMs);
    return () => clearInterval(timer);
  }, []);
  return now;
}
