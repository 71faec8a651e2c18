import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { useTRPC } from "../api.ts";
import { Button } from "../components/button.tsx";
import { Dialog } from "../components/dialog.tsx";
import { SelectField, TextField } from "../components/field.tsx";
import { Failure } from "../components/states.tsx";
import { useToast } from "../components/toasts.tsx";
import { faultOf } from "../failures.ts";
import { useMessages } from "../messages/messages.tsx";
import { useOrganization } from "../organization.tsx";
import { useSurroundings } from "../surroundings.tsx";
import { meterNoun, meterTitle } from "../usage/meter-names.ts";
import type { MeterUsage } from "../usage/readings.ts";

const kinds = ["daily_limit", "included", "hard_cap", "day_units", "period_units"] as const;
type Kind = (typeof kinds)[number];

/** A threshold of one's own: percent of a limit, or units. */
export function AddAlert({ usage, reason }: { usage: MeterUsage; reason: string | null }) {
  const { limits: words } = useMessages();
  const [open, setOpen] = useState(false);
  const title = meterTitle(usage.meter);
  return (
    <>
      <Button reason={reason} aria-haspopup="dialog" onClick={() => setOpen(true)}>
        {words.addAlert(title)}
      </Button>
      <Dialog open={open} onOpenChange={setOpen} title={words.addAlert(title)} text={words.addAlertText}>
        <AlertForm usage={usage} onDone={() => setOpen(false)} />
      </Dialog>
    </>
  );
}

function AlertForm({ usage, onDone }: { usage: MeterUsage; onDone: () => void }) {
  const { limits: words, common } = useMessages();
  const { id: organizationId } = useOrganization();
  const { language } = useSurroundings();
  const trpc = useTRPC();
  const queries = useQueryClient();
  const toast = useToast();
  const limits = { daily_limit: usage.dailyLimit, included: usage.included, hard_cap: usage.hardCap };
  // A percentage of no limit would never be reached.
  const offered = kinds.filter((kind) => !(kind in limits) || limits[kind as keyof typeof limits] !== null);
  const [kind, setKind] = useState<Kind>(offered[0] ?? "day_units");
  const [value, setValue] = useState("80");
  const creation = useMutation(
    trpc.alerts.create.mutationOptions({
      onSuccess: async () => {
        await queries.invalidateQueries({ queryKey: trpc.alerts.list.pathKey() });
        toast(words.alertAdded);
        onDone();
      },
    }),
  );
  const [tried, setTried] = useState(false);
  const isUnits = kind === "day_units" || kind === "period_units";
  const number = /^\d{1,15}$/.test(value.trim()) ? Number(value) : 0;
  const own = number < 1 || (!isUnits && number > 1_000) ? words.faultyThreshold : null;
  const fault = faultOf(creation.error, "units") ?? faultOf(creation.error, "percent");
  const submit = (event: FormEvent) => {
    event.preventDefault();
    setTried(true);
    if (own !== null || creation.isPending) return;
    const window = kind === "daily_limit" || kind === "day_units" ? "day" : "period";
    const threshold = isUnits ? { units: number } : { percent: number, of: kind };
    creation.mutate({ organizationId, meter: usage.meter, window, ...threshold });
  };
  return (
    <form className="dialog-form" onSubmit={submit} noValidate>
      <SelectField
        label={words.alertOf}
        value={kind}
        onChange={(event) => setKind(event.currentTarget.value as Kind)}
      >
        {offered.map((one) => (
          <option key={one} value={one}>
            {words.alertKinds[one](meterNoun(usage.meter, language))}
          </option>
        ))}
      </SelectField>
      <TextField
        label={isUnits ? words.alertUnits : words.alertPercent}
        value={value}
        onChange={(event) => setValue(event.currentTarget.value)}
        inputMode="numeric"
        autoComplete="off"
        fault={(tried ? own : null) ?? fault}
      />
      {creation.isError && fault === null ? <Failure error={creation.error} /> : null}
      <footer>
        <Button onClick={onDone}>{common.cancel}</Button>
        <Button type="submit" kind="primary" busy={creation.isPending}>
          {words.add}
        </Button>
      </footer>
    </form>
  );
}
