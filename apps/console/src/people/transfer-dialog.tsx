import { isHeadroomError } from "@headroom/client";
import { nameOf } from "@headroom/react";
import { useMutation } from "@tanstack/react-query";
import { useTRPC } from "../api.ts";
import { Button } from "../components/button.tsx";
import { Dialog } from "../components/dialog.tsx";
import { Failure } from "../components/states.tsx";
import { useToast } from "../components/toasts.tsx";
import { useMessages } from "../messages/messages.tsx";
import { useOrganization } from "../organization.tsx";
import { useSurroundings } from "../surroundings.tsx";
import { type Member, useRefreshPeople } from "./members.ts";

/** Asks before ownership goes to `member`; where only the support transfers it, says whom to ask. */
export function TransferDialog({ member, onClose }: { member: Member; onClose: () => void }) {
  const { common, members } = useMessages();
  const { settings } = useSurroundings();
  const { id: organizationId } = useOrganization();
  const toast = useToast();
  const refresh = useRefreshPeople();
  const name = nameOf(member);
  const transfer = useMutation(
    useTRPC().organizations.transfer.mutationOptions({
      onSuccess: async () => {
        await refresh();
        onClose();
        toast(members.transfer.done(name));
      },
    }),
  );
  const { error } = transfer;
  const disabled = isHeadroomError(error, "ownership_transfer_disabled");
  const support = (disabled ? supportIn(error.data.details) : null) ?? settings.support;
  const ask = support === null ? members.transfer.askSomebody : members.transfer.ask(support);
  return (
    <Dialog
      open
      onOpenChange={(open) => (open ? undefined : onClose())}
      title={disabled ? members.transfer.disabled : members.transfer.title(name)}
      text={<p role="status">{disabled ? ask : members.transfer.text(name)}</p>}
      footer={
        disabled ? (
          <Button onClick={onClose}>{common.close}</Button>
        ) : (
          <>
            <Button onClick={onClose}>{common.cancel}</Button>
            <Button
              kind="danger"
              busy={transfer.isPending}
              onClick={() => transfer.mutate({ organizationId, userId: member.id })}
            >
              {members.transfer.action}
            </Button>
          </>
        )
      }
    >
      {error && !disabled ? <Failure error={error} /> : null}
    </Dialog>
  );
}

function supportIn(details: object): string | null {
  return "support" in details && typeof details.support === "string" ? details.support : null;
}
