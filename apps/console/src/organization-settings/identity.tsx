import { useMutation } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { useTRPC } from "../api.ts";
import { TextField } from "../components/field.tsx";
import { Section } from "../components/page.tsx";
import { Failure } from "../components/states.tsx";
import { faultOf } from "../failures.ts";
import { useMessages } from "../messages/messages.tsx";
import { useMay, useOrganization } from "../organization.tsx";
import { SaveRow } from "./save-row.tsx";
import { useSaved } from "./saved.ts";

const fields = ["name", "slug", "domain"] as const;

/** What the organization is called, and where its pages stand. */
export function Identity() {
  const { settings } = useMessages();
  const organization = useOrganization();
  const may = useMay("organization.identify");
  const saved = useSaved();
  const [name, setName] = useState<string | null>(null);
  const [slug, setSlug] = useState<string | null>(null);
  const [domain, setDomain] = useState<string | null>(null);
  const forget = () => {
    setName(null);
    setSlug(null);
    setDomain(null);
  };
  const update = useMutation(
    useTRPC().organizations.update.mutationOptions({
      onSuccess: async (changed) => {
        await saved(changed);
        forget();
      },
    }),
  );
  // What was entered, and only where it is not what there is: others may change the rest meanwhile.
  const changes = {
    ...(name === null || name === organization.name ? {} : { name }),
    ...(slug === null || slug === organization.slug ? {} : { slug }),
    ...(domain === null || domain === (organization.domain ?? "")
      ? {}
      : { domain: domain.trim() === "" ? null : domain }),
  };
  const changed = Object.keys(changes).length > 0;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (may && changed && !update.isPending) {
      update.mutate({ organizationId: organization.id, ...changes });
    }
  };
  const reason = may ? null : settings.notYours;
  const slugTaken = update.error?.data?.reason === "slug_taken" ? settings.slugTaken : null;
  const faultIn = (field: (typeof fields)[number]) =>
    faultOf(update.error, field) === null ? null : settings.faults[field];
  const isFault = slugTaken !== null || fields.some((field) => faultIn(field) !== null);
  return (
    <Section title={settings.identity.title} text={reason ?? undefined}>
      <form className="stack narrow" onSubmit={submit}>
        <TextField
          label={settings.identity.name}
          value={name ?? organization.name}
          onChange={(event) => setName(event.currentTarget.value)}
          disabled={!may}
          required
          maxLength={100}
          autoComplete="off"
          fault={faultIn("name")}
        />
        <TextField
          label={settings.identity.slug}
          hint={
            slug === null || slug === organization.slug
              ? settings.identity.slugHint
              : settings.identity.slugChange(`/organizations/${organization.slug}`, `/organizations/${slug}`)
          }
          value={slug ?? organization.slug}
          onChange={(event) => setSlug(event.currentTarget.value)}
          disabled={!may}
          required
          maxLength={48}
          autoCapitalize="none"
          autoComplete="off"
          spellCheck={false}
          fault={slugTaken ?? faultIn("slug")}
        />
        <TextField
          label={settings.identity.domain}
          hint={settings.identity.domainHint}
          value={domain ?? organization.domain ?? ""}
          onChange={(event) => setDomain(event.currentTarget.value)}
          disabled={!may}
          placeholder={settings.identity.domainExample}
          inputMode="url"
          autoCapitalize="none"
          autoComplete="off"
          spellCheck={false}
          fault={faultIn("domain")}
        />
        {update.isError && !isFault ? <Failure error={update.error} /> : null}
        {may ? (
          <SaveRow
            what={settings.identity.title}
            changed={changed}
            busy={update.isPending}
            onDiscard={forget}
          />
        ) : null}
      </form>
    </Section>
  );
}
