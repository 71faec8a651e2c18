import { type Role, roleName, type SeatCounts, useWords } from "@headroom/react";
import { useMutation } from "@tanstack/react-query";
import { type FormEvent, useRef, useState } from "react";
import { useTRPC } from "../api.ts";
import { Button } from "../components/button.tsx";
import { Dialog } from "../components/dialog.tsx";
import { SelectField, TextAreaField } from "../components/field.tsx";
import { useFocusWithin } from "../components/focus.ts";
import { Failure } from "../components/states.tsx";
import { useMessages } from "../messages/messages.tsx";
import { useOrganization } from "../organization.tsx";
import { readAddresses } from "./addresses.ts";
import { type InviteResult, InviteResults } from "./invite-results.tsx";
import { useRefreshPeople } from "./members.ts";
import { SeatsTaken } from "./seats-taken.tsx";

const mostAtOnce = 50;

type InviteDialogProps = {
  seats: SeatCounts;
  /** Roles that the person may give. */
  roles: readonly Exclude<Role, "owner">[];
  onLink: (inviteId: string, link: string) => void;
  onClose: () => void;
};

/** Invites one or many addresses at once; then says what became of each. */
export function InviteDialog(props: InviteDialogProps) {
  const { inviting } = useMessages().members;
  const [results, setResults] = useState<readonly InviteResult[] | null>(null);
  const [text, setText] = useState("");
  const show = (answered: readonly InviteResult[]) => {
    setResults(answered);
    setText("");
    for (const { invite } of answered) {
      if (invite?.inviteUrl) props.onLink(invite.id, invite.inviteUrl);
    }
  };
  const again = (addresses: readonly string[]) => {
    setText(addresses.join("\n"));
    setResults(null);
  };
  return (
    <Dialog
      open
      onOpenChange={(open) => (open ? undefined : props.onClose())}
      title={results === null ? inviting.title : inviting.results}
      {...(results === null ? { text: <p className="hr-muted">{inviting.text}</p> } : {})}
    >
      {results === null ? (
        <InviteForm {...props} text={text} onText={setText} onResults={show} />
      ) : (
        <InviteResults results={results} onAgain={again} onClose={props.onClose} />
      )}
    </Dialog>
  );
}

type FormProps = InviteDialogProps & {
  text: string;
  onText: (text: string) => void;
  onResults: (results: readonly InviteResult[]) => void;
};

function InviteForm({ seats, roles, text, onText, onResults, onClose }: FormProps) {
  const { common, members } = useMessages();
  const { inviting } = members;
  const words = useWords();
  const { id: organizationId } = useOrganization();
  const refresh = useRefreshPeople();
  const [role, setRole] = useState<Exclude<Role, "owner">>("member");
  const [tried, setTried] = useState(false);
  const form = useRef<HTMLFormElement>(null);
  useFocusWithin(form, "textarea");
  const { valid, invalid } = readAddresses(text);
  const invitation = useMutation(
    useTRPC().invites.bulk.mutationOptions({
      onSuccess: ({ results }) => {
        onResults(results);
        void refresh();
      },
    }),
  );
  const tooMany = valid.length > mostAtOnce ? inviting.tooMany(String(mostAtOnce)) : null;
  const noAddress = invalid.length > 0 ? inviting.invalid(invalid.join(", ")) : null;
  const missing = valid.length + invalid.length === 0 ? inviting.missing : null;
  const fault = tooMany ?? (tried ? (noAddress ?? missing) : null);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    setTried(true);
    if (invitation.isPending || tooMany !== null || noAddress !== null || missing !== null) return;
    invitation.mutate({ organizationId, invites: valid.map((email) => ({ email, role })) });
  };
  return (
    <form ref={form} className="dialog-form" onSubmit={submit}>
      <TextAreaField
        label={inviting.addresses}
        hint={inviting.hint}
        fault={fault}
        rows={4}
        value={text}
        placeholder={inviting.placeholder}
        autoComplete="off"
        spellCheck={false}
        onChange={(event) => onText(event.currentTarget.value)}
        onBlur={() => setTried(text !== "")}
      />
      <SelectField
        label={inviting.role}
        hint={inviting.roleHint[role]}
        value={role}
        onChange={(event) => setRole(event.currentTarget.value as Exclude<Role, "owner">)}
      >
        {roles.map((one) => (
          <option key={one} value={one}>
            {roleName(words, one)}
          </option>
        ))}
      </SelectField>
      <SeatsTaken seats={seats} asked={valid.length} />
      {invitation.isError ? <Failure error={invitation.error} /> : null}
      <footer>
        <Button onClick={onClose}>{common.cancel}</Button>
        <Button type="submit" kind="primary" busy={invitation.isPending}>
          {invitation.isPending ? inviting.sending : inviting.send(String(valid.length), valid.length)}
        </Button>
      </footer>
    </form>
  );
}
