import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { useTRPC } from "../api.ts";
import { Button } from "../components/button.tsx";
import { Dialog } from "../components/dialog.tsx";
import { TextField } from "../components/field.tsx";
import { Banner, Failure } from "../components/states.tsx";
import { useToast } from "../components/toasts.tsx";
import { faultOf } from "../failures.ts";
import { useToolMessages } from "../messages/tool-messages.tsx";
import type { Outputs } from "../organization.tsx";
import { Assignments } from "./assignments.tsx";
import { momentOf } from "./values.ts";

type Previewed = Outputs["operator"]["assignPlan"];
type AssignDialogProps = { organizationId: string; act: "assign" | "takeBack"; onClose: () => void };

/** Gives or takes back a plan, in two steps: what would stand, then the confirmation. */
export function AssignDialog({ organizationId, act, onClose }: AssignDialogProps) {
  const { common, operator } = useToolMessages();
  const words = operator.assign;
  const trpc = useTRPC();
  const queries = useQueryClient();
  const toast = useToast();
  const catalogue = useQuery(trpc.plans.list.queryOptions());
  const [planId, setPlanId] = useState("");
  const [until, setUntil] = useState("");
  const [reason, setReason] = useState("");
  const [preview, setPreview] = useState<Previewed | null>(null);
  const take = (answer: Previewed, { dryRun }: { dryRun?: boolean | undefined }) => {
    if (dryRun) return setPreview(answer);
    void queries.invalidateQueries();
    toast(words.done);
    onClose();
  };
  const assign = useMutation(trpc.operator.assignPlan.mutationOptions({ onSuccess: take }));
  const remove = useMutation(trpc.operator.removePlan.mutationOptions({ onSuccess: take }));
  const run = act === "assign" ? assign : remove;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (run.isPending) return;
    const moment = momentOf(until);
    const common = { organizationId, reason, dryRun: preview === null };
    if (act === "takeBack") remove.mutate(common);
    else assign.mutate({ ...common, planId, ...(moment === null ? {} : { until: moment }) });
  };
  const change = (set: (value: string) => void) => (event: { currentTarget: { value: string } }) => {
    set(event.currentTarget.value);
    setPreview(null);
  };
  return (
    <Dialog
      open
      onOpenChange={(open) => open || onClose()}
      title={act === "assign" ? words.assign : words.takeBackTitle}
      text={<p>{words.text}</p>}
    >
      <form className="dialog-form" onSubmit={submit}>
        {act === "takeBack" ? null : (
          <>
            <TextField
              label={words.planId}
              hint={words.planHint}
              fault={faultOf(run.error, "planId")}
              value={planId}
              required
              list="operator-plans"
              onChange={change(setPlanId)}
              autoComplete="off"
            />
            <datalist id="operator-plans">
              {(catalogue.data?.plans ?? []).map(({ id, displayName }) => (
                <option key={id} value={id}>
                  {displayName}
                </option>
              ))}
            </datalist>
            <TextField
              label={words.until}
              hint={words.untilHint}
              fault={faultOf(run.error, "until")}
              type="datetime-local"
              value={until}
              onChange={change(setUntil)}
            />
          </>
        )}
        <TextField
          label={words.reason}
          hint={operator.overrides.reasonHint}
          fault={faultOf(run.error, "reason")}
          value={reason}
          required
          maxLength={500}
          onChange={change(setReason)}
          autoComplete="off"
        />
        {preview === null ? null : <Preview preview={preview} />}
        {run.isError ? <Failure error={run.error} /> : null}
        <footer>
          <Button onClick={onClose}>{common.cancel}</Button>
          <Button
            type="submit"
            kind={act === "takeBack" && preview !== null ? "danger" : "primary"}
            busy={run.isPending}
          >
            {preview === null ? words.preview : act === "assign" ? words.confirm : words.confirmBack}
          </Button>
        </footer>
      </form>
    </Dialog>
  );
}

function Preview({ preview }: { preview: Previewed }) {
  const { assign: words } = useToolMessages().operator;
  if (!preview.changed) return <Banner tone="info">{words.previewSame}</Banner>;
  if (preview.assignments.length === 0) return <Banner tone="info">{words.previewNone}</Banner>;
  return (
    <div role="status" className="stack">
      <p>{words.previewText}</p>
      <div className="scroll">
        <Assignments assignments={preview.assignments} />
      </div>
    </div>
  );
}
