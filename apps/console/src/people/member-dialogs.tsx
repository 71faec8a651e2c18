import { nameOf, type Role, roleName, useWords } from "@headroom/react";
import { useMutation } from "@tanstack/react-query";
import { useTRPC } from "../api.ts";
import { ConfirmDialog } from "../components/confirm-dialog.tsx";
import { useToast } from "../components/toasts.tsx";
import { useMessages } from "../messages/messages.tsx";
import { useOrganization } from "../organization.tsx";
import { type Member, useRefreshPeople } from "./members.ts";

/** What is being asked about a member. */
export type Question =
  | { kind: "role"; member: Member; role: Role; power: "gives" | "takes" }
  | { kind: "remove"; member: Member };

/** Asks before a change of role that gives or takes power. */
export function RoleDialog(props: { question: Question & { kind: "role" }; onClose: () => void }) {
  const { members } = useMessages();
  const words = useWords();
  const { member, role, power } = props.question;
  const change = useSetRole(props.onClose);
  const name = nameOf(member);
  const { givesText, takesText, gives, takes, action } = members.roleChange;
  const called = roleName(words, role);
  return (
    <ConfirmDialog
      open
      onOpenChange={(open) => (open ? undefined : props.onClose())}
      title={power === "gives" ? gives(name, called) : takes(name, called)}
      text={<p>{power === "gives" ? givesText(name) : takesText(name)}</p>}
      action={action(called)}
      busy={change.isPending}
      error={change.error}
      onConfirm={() => change.setRole(member, role)}
    />
  );
}

/** Changes a role, says that it is done. */
export function useSetRole(onDone: () => void) {
  const { members } = useMessages();
  const words = useWords();
  const { id: organizationId } = useOrganization();
  const toast = useToast();
  const refresh = useRefreshPeople();
  const change = useMutation(
    useTRPC().members.setRole.mutationOptions({
      onSuccess: async (member) => {
        await refresh();
        onDone();
        toast(members.roleChange.done(nameOf(member), roleName(words, member.role)));
      },
    }),
  );
  return {
    isPending: change.isPending,
    error: change.error,
    busyId: change.isPending ? change.variables.userId : null,
    setRole: (member: Member, role: Role) => change.mutate({ organizationId, userId: member.id, role }),
  };
}

export function RemoveDialog({ member, onClose }: { member: Member; onClose: () => void }) {
  const { members } = useMessages();
  const { id: organizationId } = useOrganization();
  const toast = useToast();
  const refresh = useRefreshPeople();
  const name = nameOf(member);
  const removal = useMutation(
    useTRPC().members.remove.mutationOptions({
      onSuccess: async () => {
        await refresh();
        onClose();
        toast(members.removal.done(name));
      },
    }),
  );
  return (
    <ConfirmDialog
      open
      onOpenChange={(open) => (open ? undefined : onClose())}
      title={members.removal.title(name)}
      text={<p>{members.removal.text}</p>}
      action={members.removal.action}
      busy={removal.isPending}
      error={removal.error}
      onConfirm={() => removal.mutate({ organizationId, userId: member.id })}
    />
  );
}
