import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useRef, useState } from "react";
import { useTRPC } from "../api.ts";
import { Button } from "../components/button.tsx";
import { Choices } from "../components/choices.tsx";
import { Dialog } from "../components/dialog.tsx";
import { SelectField, TextField } from "../components/field.tsx";
import { useFocusWithin } from "../components/focus.ts";
import { Failure } from "../components/states.tsx";
import { faultOf } from "../failures.ts";
import { useToolMessages } from "../messages/tool-messages.tsx";
import { useOrganization } from "../organization.tsx";
import type { Told } from "./secret-dialog.tsx";
import type { Scope } from "./types.ts";

/** Those that only a key of the whole installation can have. */
const ofPlatform: readonly Scope[] = ["users:read", "users:write", "impersonate"];
const dayMs = 86_400_000;
const expiries = { never: null, d30: 30, d90: 90, d365: 365 } as const;
type Expiry = keyof typeof expiries;

/** Asks what the new key is for; its secret is told by whoever opened this. */
export function CreateKeyDialog({ onClose, onTold }: { onClose: () => void; onTold: (told: Told) => void }) {
  const { keys: words } = useToolMessages().developers;
  const { common } = useToolMessages();
  const { id: organizationId } = useOrganization();
  const trpc = useTRPC();
  const queries = useQueryClient();
  const [name, setName] = useState("");
  const [scopes, setScopes] = useState<Scope[]>(["usage:write", "usage:read"]);
  const [expiry, setExpiry] = useState<Expiry>("never");
  const [personal, setPersonal] = useState(false);
  const [isTried, setIsTried] = useState(false);
  const form = useRef<HTMLFormElement>(null);
  useFocusWithin(form, "input");
  const create = useMutation(
    trpc.apiKeys.create.mutationOptions({
      onSuccess: ({ secret }) => {
        void queries.invalidateQueries(trpc.apiKeys.pathFilter());
        onClose();
        onTold({ title: words.created(name.trim()), secret });
      },
    }),
  );
  const submit = (event: FormEvent) => {
    event.preventDefault();
    setIsTried(true);
    if (create.isPending || scopes.length === 0) return;
    const days = expiries[expiry];
    const expiresAt = days === null ? undefined : new Date(Date.now() + days * dayMs).toISOString();
    create.mutate({ organizationId, name, scopes, personal, ...(expiresAt ? { expiresAt } : {}) });
  };
  const offered = (Object.keys(words.scope) as Scope[]).filter((scope) => !ofPlatform.includes(scope));
  return (
    <Dialog
      open
      onOpenChange={(open) => open || onClose()}
      title={words.createTitle}
      text={<p>{words.createText}</p>}
    >
      <form ref={form} className="dialog-form" onSubmit={submit}>
        <TextField
          label={words.name}
          hint={words.nameHint}
          fault={faultOf(create.error, "name")}
          value={name}
          onChange={(event) => setName(event.currentTarget.value)}
          required
          maxLength={100}
          autoComplete="off"
        />
        <Choices
          label={words.scopesLabel}
          choices={offered.map((scope) => ({
            value: scope,
            label: (
              <>
                <span>{words.scope[scope]}</span> <code className="hr-muted">{scope}</code>
              </>
            ),
          }))}
          chosen={scopes}
          onChange={(chosen) => setScopes(chosen as Scope[])}
          fault={isTried && scopes.length === 0 ? words.chooseScope : null}
        />
        <SelectField
          label={words.expiryLabel}
          value={expiry}
          onChange={(event) => setExpiry(event.currentTarget.value as Expiry)}
          fault={faultOf(create.error, "expiresAt")}
        >
          {(Object.keys(expiries) as Expiry[]).map((one) => (
            <option key={one} value={one}>
              {words.expiries[one]}
            </option>
          ))}
        </SelectField>
        <label className="developers-check">
          <input
            type="checkbox"
            checked={personal}
            onChange={({ currentTarget }) => setPersonal(currentTarget.checked)}
          />
          {words.personal}
        </label>
        {create.isError ? <Failure error={create.error} /> : null}
        <footer>
          <Button onClick={onClose}>{common.cancel}</Button>
          <Button type="submit" kind="primary" busy={create.isPending}>
            {create.isPending ? words.creating : words.create}
          </Button>
        </footer>
      </form>
    </Dialog>
  );
}
