import { ChevronsUpDown, Plus } from "lucide-react";
import { Popover } from "radix-ui";
import { useState } from "react";
import { Button } from "../components/button.tsx";
import { Dialog } from "../components/dialog.tsx";
import { useMessages } from "../messages/messages.tsx";
import type { Organization } from "../organization.tsx";
import { CreateOrganization } from "./first-organization.tsx";
import { OrganizationList } from "./organization-list.tsx";

/** Which organization the page is about, the others to go to, and the way to a new one. */
export function OrganizationSwitcher({ organization }: { organization: Organization | null }) {
  const { shell } = useMessages();
  const [open, setOpen] = useState(false);
  const [creating, setCreating] = useState(false);
  return (
    <>
      <Popover.Root open={open} onOpenChange={setOpen}>
        <Popover.Trigger className="switcher">
          <span className="who">
            <span className="hr-muted small">{shell.switcher.label}</span>
            <span>{organization?.name ?? shell.product}</span>
          </span>
          <ChevronsUpDown aria-hidden size={16} />
        </Popover.Trigger>
        <Popover.Portal>
          <Popover.Content
            className="menu switcher-menu"
            align="start"
            sideOffset={4}
            collisionPadding={8}
            aria-label={shell.switcher.label}
          >
            <OrganizationList current={organization?.id ?? null} onChosen={() => setOpen(false)} />
            <Button
              kind="quiet"
              onClick={() => {
                setOpen(false);
                setCreating(true);
              }}
            >
              <Plus aria-hidden size={16} />
              {shell.switcher.create}
            </Button>
          </Popover.Content>
        </Popover.Portal>
      </Popover.Root>
      <Dialog
        open={creating}
        onOpenChange={setCreating}
        title={shell.switcher.create}
        text={<p className="hr-muted">{shell.welcome.text}</p>}
      >
        <CreateOrganization onCreated={() => setCreating(false)} focused />
      </Dialog>
    </>
  );
}
