import { useFormats } from "@headroom/react";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTRPC } from "../api.ts";
import { Button } from "../components/button.tsx";
import { ConfirmDialog } from "../components/confirm-dialog.tsx";
import { Answer, Failure } from "../components/states.tsx";
import { useToast } from "../components/toasts.tsx";
import { useMessages } from "../messages/messages.tsx";
import { type Outputs, useMay, useOrganization } from "../organization.tsx";
import type { MeterUsage } from "../usage/readings.ts";
import { AddAlert } from "./add-alert.tsx";
import { useAlertText } from "./alert-text.ts";
import { type AlertInput, suggestionsFor } from "./suggestions.ts";

type Alert = Outputs["alerts"]["list"]["alerts"][number];

/** The thresholds of a meter that are told of, and ways to add one. */
export function Alerts({ usage }: { usage: MeterUsage }) {
  const { id: organizationId } = useOrganization();
  const query = useQuery(useTRPC().alerts.list.queryOptions({ organizationId, limit: 200 }));
  return (
    <Answer query={query}>
      {({ alerts }) => (
        <AlertList usage={usage} alerts={alerts.filter(({ meter }) => meter === usage.meter)} />
      )}
    </Answer>
  );
}

function AlertList({ usage, alerts }: { usage: MeterUsage; alerts: readonly Alert[] }) {
  const { limits: words, common } = useMessages();
  const { id: organizationId } = useOrganization();
  const trpc = useTRPC();
  const queries = useQueryClient();
  const toast = useToast();
  const textOf = useAlertText(usage.meter);
  const may = useMay("organization.update");
  const [removing, remove] = useState<Alert | null>(null);
  const reload = () => queries.invalidateQueries({ queryKey: trpc.alerts.list.pathKey() });
  const creation = useMutation(trpc.alerts.create.mutationOptions({ onSuccess: reload }));
  const deletion = useMutation(
    trpc.alerts.delete.mutationOptions({
      onSuccess: async () => {
        await reload();
        remove(null);
        toast(words.alertDeleted);
      },
    }),
  );
  const reason = may ? null : common.notAllowed;
  const add = (alert: AlertInput) => creation.mutate({ organizationId, meter: usage.meter, ...alert });
  return (
    <>
      {alerts.length === 0 ? (
        <p className="hr-muted">{words.noAlerts}</p>
      ) : (
        <ul className="alert-list">
          {alerts.map((alert) => (
            <li key={alert.id}>
              <AlertLine alert={alert} usage={usage} />
              <Button
                kind="quiet"
                reason={reason}
                aria-label={words.deleteAlert(textOf(alert))}
                onClick={() => {
                  deletion.reset();
                  remove(alert);
                }}
              >
                {words.delete}
              </Button>
            </li>
          ))}
        </ul>
      )}
      <div className="actions">
        {suggestionsFor(usage, alerts).map((suggestion) => (
          <Button
            key={JSON.stringify(suggestion)}
            reason={reason}
            busy={creation.isPending}
            onClick={() => add(suggestion)}
          >
            {words.addSuggestion(textOf({ units: null, ...suggestion }))}
          </Button>
        ))}
        <AddAlert usage={usage} reason={reason} />
      </div>
      {creation.isError ? <Failure error={creation.error} /> : null}
      <ConfirmDialog
        open={removing !== null}
        onOpenChange={(open) => !open && remove(null)}
        title={words.deleteTitle}
        text={removing === null ? null : words.deleteText(textOf(removing))}
        action={words.delete}
        busy={deletion.isPending}
        error={deletion.error}
        onConfirm={() => removing !== null && deletion.mutate({ organizationId, alertId: removing.id })}
      />
    </>
  );
}

function AlertLine({ alert, usage }: { alert: Alert; usage: MeterUsage }) {
  const { limits: words } = useMessages();
  const formats = useFormats();
  const textOf = useAlertText(usage.meter);
  const { threshold, lastFiring, percent } = alert;
  const at =
    threshold === null
      ? words.neverFires
      : percent === null
        ? null
        : words.firesAt(formats.number(threshold));
  return (
    <div>
      <p>{textOf(alert)}</p>
      <p className="small hr-muted">
        {[at, lastFiring === null ? words.notFired : words.lastFired(formats.dateTime(lastFiring.firedAt))]
          .filter((text) => text !== null)
          .join(" ")}
      </p>
    </div>
  );
}
