import { type KeyboardEvent, useEffect, useId, useRef, useState } from "react";
import { useLocation } from "wouter";
import { useMessages } from "../messages/messages.tsx";
import { type Organization, pageOf } from "../organization.tsx";
import { findOrganizations, stepTo, useOrganizations } from "./organizations.ts";

/** The organizations to go to: type to find one, arrow keys to choose, Enter to go. */
export function OrganizationList(props: { current: string | null; onChosen: () => void }) {
  const { shell } = useMessages();
  const id = useId();
  const [, navigate] = useLocation();
  const [search, setSearch] = useState("");
  const [chosen, setChosen] = useState<string | null>(props.current);
  const { data } = useOrganizations();
  const found = findOrganizations(data?.organizations ?? [], search);
  const index = Math.max(
    0,
    found.findIndex((organization) => organization.id === chosen),
  );
  const active = found[index];
  const list = useRef<HTMLDivElement>(null);
  // Also when the list has just arrived, or become shorter.
  // biome-ignore lint/correctness/useExhaustiveDependencies: they say when the shown one is another
  useEffect(() => {
    list.current?.querySelector('[aria-selected="true"]')?.scrollIntoView({ block: "nearest" });
  }, [active?.id, found.length]);

  const go = (organization: Organization) => {
    props.onChosen();
    navigate(`~${pageOf(organization.slug, "usage")}`);
  };
  const onKeyDown = (event: KeyboardEvent<HTMLInputElement>) => {
    if (event.nativeEvent.isComposing) return;
    const next = stepTo(event.key, index, found.length);
    if (next === null && event.key !== "Enter") return;
    event.preventDefault();
    if (next !== null) setChosen(found[next]?.id ?? null);
    else if (active !== undefined) go(active);
  };
  return (
    <>
      <input
        className="hr-input"
        type="search"
        role="combobox"
        aria-label={shell.switcher.search}
        aria-expanded
        aria-controls={`${id}-list`}
        aria-activedescendant={active === undefined ? undefined : `${id}-${active.id}`}
        aria-autocomplete="list"
        placeholder={shell.switcher.search}
        value={search}
        onChange={(event) => {
          setSearch(event.currentTarget.value);
          setChosen(null);
        }}
        onKeyDown={onKeyDown}
      />
      <div ref={list} id={`${id}-list`} role="listbox" aria-label={shell.switcher.label}>
        {found.map((organization) => (
          <div
            key={organization.id}
            id={`${id}-${organization.id}`}
            role="option"
            aria-selected={organization.id === active?.id}
            aria-current={organization.id === props.current || undefined}
            tabIndex={-1}
            onClick={() => go(organization)}
            onKeyDown={(event) => (event.key === "Enter" ? go(organization) : undefined)}
          >
            <span>{organization.name}</span>
          </div>
        ))}
      </div>
      <p className="hr-muted small" role="status">
        {found.length === 0 && data !== undefined ? shell.switcher.none : null}
      </p>
    </>
  );
}
