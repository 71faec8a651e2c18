import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useRef, useState } from "react";
import { useLocation } from "wouter";
import { useTRPC } from "../api.ts";
import { Button } from "../components/button.tsx";
import { TextField } from "../components/field.tsx";
import { useFocusWithin } from "../components/focus.ts";
import { Page } from "../components/page.tsx";
import { Failure } from "../components/states.tsx";
import { faultOf } from "../failures.ts";
import { useMessages } from "../messages/messages.tsx";
import { pageOf } from "../organization.tsx";

/** Makes an organization and goes to it. `focused`: its field has the focus when it appears. */
export function CreateOrganization(props: { onCreated?: () => void; focused?: boolean }) {
  const { shell } = useMessages();
  const trpc = useTRPC();
  const queries = useQueryClient();
  const [, navigate] = useLocation();
  const [name, setName] = useState("");
  const form = useRef<HTMLFormElement>(null);
  useFocusWithin(form, props.focused ? "input" : null);
  const creation = useMutation(
    trpc.organizations.create.mutationOptions({
      onSuccess: async ({ slug }) => {
        await queries.invalidateQueries({ queryKey: trpc.organizations.list.queryKey() });
        props.onCreated?.();
        navigate(`~${pageOf(slug, "usage")}`);
      },
    }),
  );
  const fault = faultOf(creation.error, "name") === null ? null : shell.welcome.nameFault;
  return (
    <form
      ref={form}
      className="stack"
      onSubmit={(event) => {
        event.preventDefault();
        if (!creation.isPending) creation.mutate({ name });
      }}
    >
      <TextField
        label={shell.welcome.name}
        value={name}
        onChange={(event) => setName(event.currentTarget.value)}
        required
        maxLength={100}
        autoComplete="organization"
        fault={fault}
      />
      {creation.isError && fault === null ? <Failure error={creation.error} /> : null}
      <div>
        <Button type="submit" kind="primary" busy={creation.isPending}>
          {creation.isPending ? shell.welcome.creating : shell.welcome.create}
        </Button>
      </div>
    </form>
  );
}

/** What somebody sees who is in no organization yet. */
export function FirstOrganization() {
  const { shell } = useMessages();
  return (
    <Page title={shell.welcome.title} text={shell.welcome.text}>
      <div className="hr-card narrow">
        <CreateOrganization />
      </div>
      <p className="hr-muted narrow">{shell.welcome.invited}</p>
    </Page>
  );
}
