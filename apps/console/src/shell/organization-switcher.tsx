import { Popover } from "radix-ui";
import { Suspense, useRef, useState } from "react";
import { Button } from "../components/button.tsx";
import { ChevronsUpDown, Plus } from "../components/icons.tsx";
import { useMessages } from "../messages/messages.tsx";
import type { Organization } from "../organization.tsx";
import { OrganizationList } from "./organization-list.tsx";
import { lazyPart } from "./part-loading.tsx";

// Few open it, and no page should be later for it.
const CreateOrganizationDialog = lazyPart(() => import("./create-organization-dialog.tsx"));

/** Which organization the page is about, the others to go to, and the way to a new one. */
export function OrganizationSwitcher({ organization }: { organization: Organization | null }) {
  const { shell } = useMessages();
  const [open, setOpen] = useState(false);
  const [creating, setCreating] = useState(false);
  const trigger = useRef<HTMLButtonElement>(null);
  const createNext = useRef(false);
  // The dialog opens once the list is gone, so that the focus comes back from it to what is still there.
  const onClosed = (event: Event) => {
    if (!createNext.current) return;
    createNext.current = false;
    event.preventDefault();
    trigger.current?.focus();
    setCreating(true);
  };
  return (
    <>
      <Popover.Root open={open} onOpenChange={setOpen}>
        <Popover.Trigger ref={trigger} className="switcher">
          <span className="who">
            <span className="hr-muted small">{shell.switcher.label}</span>
            <span>{organization?.name ?? shell.product}</span>
          </span>
          <ChevronsUpDown size={16} />
        </Popover.Trigger>
        <Popover.Portal>
          <Popover.Content
            className="menu switcher-menu"
            align="start"
            sideOffset={4}
            collisionPadding={8}
            aria-label={shell.switcher.label}
            onCloseAutoFocus={onClosed}
          >
            <OrganizationList current={organization?.id ?? null} onChosen={() => setOpen(false)} />
            <Button
              kind="quiet"
              onClick={() => {
                createNext.current = true;
                setOpen(false);
              }}
            >
              <Plus size={16} />
              {shell.switcher.create}
            </Button>
          </Popover.Content>
        </Popover.Portal>
      </Popover.Root>
      {creating ? (
        <Suspense fallback={null}>
          <CreateOrganizationDialog onClosed={() => setCreating(false)} />
        </Suspense>
      ) : null}
    </>
  );
}
