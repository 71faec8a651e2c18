import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useLocation } from "wouter";
import { useTRPC } from "../api.ts";
import { ConfirmDialog } from "../components/confirm-dialog.tsx";
import { useToast } from "../components/toasts.tsx";
import { useMessages } from "../messages/messages.tsx";
import { useOrganization } from "../organization.tsx";

/** Asks before the person leaves; then they are where they start. */
export function LeaveDialog({ onClose }: { onClose: () => void }) {
  const { members } = useMessages();
  const { id: organizationId, name } = useOrganization();
  const [, navigate] = useLocation();
  const toast = useToast();
  const trpc = useTRPC();
  const queries = useQueryClient();
  const leave = useMutation(
    trpc.organizations.leave.mutationOptions({
      onSuccess: () => {
        navigate("~/");
        queries.removeQueries({ queryKey: trpc.organizations.list.queryKey() });
        toast(members.leaving.done(name));
      },
    }),
  );
  return (
    <ConfirmDialog
      open
      onOpenChange={(open) => (open ? undefined : onClose())}
      title={members.leaving.title(name)}
      text={<p>{members.leaving.text}</p>}
      action={members.leaving.action}
      busy={leave.isPending}
      error={leave.error}
      onConfirm={() => leave.mutate({ organizationId })}
    />
  );
}
