import { isHeadroomError } from "@headroom/client";
import { nameOf } from "@headroom/react";
import { useMutation } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { useTRPC } from "../api.ts";
import { Button } from "../components/button.tsx";
import { ConfirmDialog } from "../components/confirm-dialog.tsx";
import { Dialog } from "../components/dialog.tsx";
import { useToast } from "../components/toasts.tsx";
import { useMessages } from "../messages/messages.tsx";
import { useOrganization } from "../organization.tsx";
import { useSurroundings } from "../surroundings.tsx";
import { type Member, useRefreshPeople } from "./members.ts";

/** Asks before ownership goes to `member`; where only the support transfers it, says whom to ask. */
export function TransferDialog(props: { member: Member; onClose: () => void; children?: ReactNode }) {
  const { members } = useMessages();
  const { id: organizationId } = useOrganization();
  const toast = useToast();
  const refresh = useRefreshPeople();
  const name = nameOf(props.member);
  const transfer = useMutation(
    useTRPC().organizations.transfer.mutationOptions({
      onSuccess: async () => {
        await refresh();
        props.onClose();
        toast(members.transfer.done(name));
      },
    }),
  );
  const onOpenChange = (open: boolean) => (open ? undefined : props.onClose());
  if (isHeadroomError(transfer.error, "ownership_transfer_disabled")) {
    return <SupportDialog details={transfer.error.data.details} onClose={props.onClose} />;
  }
  return (
    <ConfirmDialog
      open
      onOpenChange={onOpenChange}
      title={members.transfer.title(name)}
      text={<p>{members.transfer.text(name)}</p>}
      action={members.transfer.action}
      busy={transfer.isPending}
      error={transfer.error}
      onConfirm={() => transfer.mutate({ organizationId, userId: props.member.id })}
    />
  );
}

function SupportDialog({ details, onClose }: { details: object; onClose: () => void }) {
  const { common, members } = useMessages();
  const { settings } = useSurroundings();
  const told = "support" in details && typeof details.support === "string" ? details.support : null;
  const support = told ?? settings.support;
  return (
    <Dialog
      open
      onOpenChange={(open) => (open ? undefined : onClose())}
      title={members.transfer.disabled}
      text={<p>{support === null ? members.transfer.askSomebody : members.transfer.ask(support)}</p>}
      footer={<Button onClick={onClose}>{common.close}</Button>}
    />
  );
}
