import { useQuery } from "@tanstack/react-query";
import { ChevronsUpDown, Plus } from "lucide-react";
import { Popover } from "radix-ui";
import { useState } from "react";
import { Link } from "wouter";
import { useTRPC } from "../api.ts";
import { Button } from "../components/button.tsx";
import { Dialog } from "../components/dialog.tsx";
import { useMessages } from "../messages/messages.tsx";
import { type Organization, pageOf } from "../organization.tsx";
import { CreateOrganization } from "./first-organization.tsx";

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
          <Popover.Content className="menu" align="start" sideOffset={4} aria-label={shell.switcher.label}>
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
        text={shell.welcome.text}
      >
        <CreateOrganization />
      </Dialog>
    </>
  );
}

function OrganizationList(props: { current: string | null; onChosen: () => void }) {
  const { shell } = useMessages();
  const [search, setSearch] = useState("");
  const { data } = useQuery(useTRPC().organizations.list.queryOptions({}));
  const wanted = search.trim().toLowerCase();
  const found = (data?.organizations ?? []).filter(
    ({ name, slug }) => name.toLowerCase().includes(wanted) || slug.includes(wanted),
  );
  return (
    <>
      <input
        className="hr-input"
        type="search"
        aria-label={shell.switcher.search}
        placeholder={shell.switcher.search}
        value={search}
        onChange={(event) => setSearch(event.currentTarget.value)}
      />
      <ul>
        {found.map(({ id, name, slug }) => (
          <li key={id}>
            <Link
              href={`~${pageOf(slug, "usage")}`}
              aria-current={id === props.current || undefined}
              onClick={props.onChosen}
            >
              {name}
            </Link>
          </li>
        ))}
      </ul>
      {found.length === 0 ? <p className="hr-muted">{shell.switcher.none}</p> : null}
    </>
  );
}
