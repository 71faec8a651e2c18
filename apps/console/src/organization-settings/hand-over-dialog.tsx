import { nameOf } from "@headroom/react";
import { type FormEvent, useState } from "react";
import { Button } from "../components/button.tsx";
import { Dialog } from "../components/dialog.tsx";
import { SelectField } from "../components/field.tsx";
import { useMessages } from "../messages/messages.tsx";
import { useEverybody } from "../people/members.ts";
import { TransferDialog } from "../people/transfer-dialog.tsx";

/** To whom ownership goes; then whether that is meant. */
export function HandOverDialog({ onClose }: { onClose: () => void }) {
  const { common, settings } = useMessages();
  const { data } = useEverybody();
  const others = (data?.members ?? []).filter(({ id }) => id !== data?.currentUserId);
  const [chosenId, setChosenId] = useState("");
  const [asking, setAsking] = useState(false);
  const chosen = others.find(({ id }) => id === chosenId);
  if (asking && chosen !== undefined) return <TransferDialog member={chosen} onClose={onClose} />;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    setAsking(true);
  };
  return (
    <Dialog
      open
      onOpenChange={(open) => (open ? undefined : onClose())}
      title={settings.endings.transfer}
      text={<p className="hr-muted">{settings.endings.transferText}</p>}
    >
      <form className="dialog-form" onSubmit={submit}>
        <SelectField
          label={settings.endings.newOwner}
          value={chosenId}
          required
          onChange={(event) => setChosenId(event.currentTarget.value)}
        >
          <option value="">{settings.endings.choose}</option>
          {others.map((member) => (
            <option key={member.id} value={member.id}>
              {member.name === null || member.email === null
                ? nameOf(member)
                : `${member.name} · ${member.email}`}
            </option>
          ))}
        </SelectField>
        <footer>
          <Button onClick={onClose}>{common.cancel}</Button>
          <Button type="submit" kind="primary">
            {settings.endings.next}
          </Button>
        </footer>
      </form>
    </Dialog>
  );
}
