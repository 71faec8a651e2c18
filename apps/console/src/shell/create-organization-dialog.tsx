import { Dialog } from "../components/dialog.tsx";
import { useMessages } from "../messages/messages.tsx";
import { CreateOrganization } from "./first-organization.tsx";

/** Makes another organization from wherever one is. */
export default function CreateOrganizationDialog({ onClosed }: { onClosed: () => void }) {
  const { shell } = useMessages();
  return (
    <Dialog
      open
      onOpenChange={(open) => {
        if (!open) onClosed();
      }}
      title={shell.switcher.create}
      text={<p className="hr-muted">{shell.welcome.text}</p>}
    >
      <CreateOrganization onCreated={onClosed} focused />
    </Dialog>
  );
}
