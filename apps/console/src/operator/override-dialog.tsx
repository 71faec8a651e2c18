import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { useTRPC } from "../api.ts";
import { Button } from "../components/button.tsx";
import { Dialog } from "../components/dialog.tsx";
import { SelectField, TextField } from "../components/field.tsx";
import { Failure } from "../components/states.tsx";
import { useToast } from "../components/toasts.tsx";
import { faultOf } from "../failures.ts";
import { useToolMessages } from "../messages/tool-messages.tsx";
import type { Outputs } from "../organization.tsx";
import { featureValueOf, limitOf, momentOf } from "./values.ts";

type Kind = Outputs["overrides"]["list"]["overrides"][number]["kind"];

/** Asks for a value in place of the plan's, why, and until when. */
export function OverrideDialog({ organizationId, onClose }: { organizationId: string; onClose: () => void }) {
  const { common, operator } = useToolMessages();
  const words = operator.overrides;
  const trpc = useTRPC();
  const queries = useQueryClient();
  const toast = useToast();
  const { data } = useQuery(trpc.entitlements.get.queryOptions({ organizationId }));
  const [kind, setKind] = useState<Kind>("daily_limit");
  const [chosen, setChosen] = useState("");
  const [text, setText] = useState("");
  const [unlimited, setUnlimited] = useState(false);
  const [reason, setReason] = useState("");
  const [expiry, setExpiry] = useState("");
  const [isTried, setIsTried] = useState(false);
  const isFeature = kind === "feature";
  const meters = (data?.meters ?? []).map(({ meter }) => meter);
  const name = chosen === "" && !isFeature ? (meters[0] ?? "") : chosen;
  const limit = unlimited ? null : limitOf(text);
  const lacksLimit = !isFeature && !unlimited && limit === null;
  const set = useMutation(
    trpc.overrides.set.mutationOptions({
      onSuccess: () => {
        void queries.invalidateQueries();
        toast(words.setDone);
        onClose();
      },
    }),
  );
  const submit = (event: FormEvent) => {
    event.preventDefault();
    setIsTried(true);
    if (set.isPending || lacksLimit) return;
    const value = isFeature ? featureValueOf(text) : limit;
    const place = kind === "seats" ? { kind } : { kind, name };
    set.mutate({ organizationId, ...place, value, reason, expiresAt: momentOf(expiry) });
  };
  return (
    <Dialog open onOpenChange={(open) => open || onClose()} title={words.set} text={<p>{words.text}</p>}>
      <form className="dialog-form" onSubmit={submit}>
        <SelectField
          label={words.kind}
          value={kind}
          onChange={(event) => {
            setKind(event.currentTarget.value as Kind);
            setChosen("");
          }}
        >
          {(Object.keys(words.kinds) as Kind[]).map((one) => (
            <option key={one} value={one}>
              {words.kinds[one]}
            </option>
          ))}
        </SelectField>
        {kind === "daily_limit" || kind === "included" ? (
          <SelectField
            label={words.meter}
            value={name}
            onChange={(event) => setChosen(event.currentTarget.value)}
          >
            {meters.map((meter) => (
              <option key={meter} value={meter}>
                {meter}
              </option>
            ))}
          </SelectField>
        ) : null}
        {isFeature ? (
          <TextField
            label={words.feature}
            fault={faultOf(set.error, "name")}
            value={chosen}
            required
            onChange={(event) => setChosen(event.currentTarget.value)}
            autoComplete="off"
          />
        ) : null}
        <TextField
          label={isFeature ? words.featureValue : words.number}
          {...(isFeature ? { hint: words.featureHint } : {})}
          fault={faultOf(set.error, "value") ?? (isTried && lacksLimit ? words.missing : null)}
          inputMode={isFeature ? "text" : "numeric"}
          value={text}
          disabled={unlimited && !isFeature}
          onChange={(event) => setText(event.currentTarget.value)}
          autoComplete="off"
        />
        {isFeature ? null : (
          <label className="operator-check">
            <input
              type="checkbox"
              checked={unlimited}
              onChange={({ currentTarget }) => setUnlimited(currentTarget.checked)}
            />
            {words.unlimited}
          </label>
        )}
        <TextField
          label={words.reason}
          hint={words.reasonHint}
          fault={faultOf(set.error, "reason")}
          value={reason}
          required
          maxLength={500}
          onChange={(event) => setReason(event.currentTarget.value)}
          autoComplete="off"
        />
        <TextField
          label={words.expiry}
          hint={words.expiryHint}
          fault={faultOf(set.error, "expiresAt")}
          type="datetime-local"
          value={expiry}
          onChange={(event) => setExpiry(event.currentTarget.value)}
        />
        {set.isError ? <Failure error={set.error} /> : null}
        <footer>
          <Button onClick={onClose}>{common.cancel}</Button>
          <Button type="submit" kind="primary" busy={set.isPending}>
            {words.set}
          </Button>
        </footer>
      </form>
    </Dialog>
  );
}
