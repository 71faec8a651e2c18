import { useFormats } from "@headroom/react";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTRPC } from "../api.ts";
import { Button } from "../components/button.tsx";
import { ConfirmDialog } from "../components/confirm-dialog.tsx";
import { Section } from "../components/page.tsx";
import { Answer } from "../components/states.tsx";
import { useToast } from "../components/toasts.tsx";
import { useToolMessages } from "../messages/tool-messages.tsx";
import type { Outputs } from "../organization.tsx";
import { OverrideDialog } from "./override-dialog.tsx";

type Override = Outputs["overrides"]["list"]["overrides"][number];

/** What operators have put in place of the plan's values. */
export function Overrides({ organizationId }: { organizationId: string }) {
  const { overrides: words } = useToolMessages().operator;
  const query = useQuery(useTRPC().overrides.list.queryOptions({ organizationId }));
  const [isSetting, setIsSetting] = useState(false);
  const [removed, setRemoved] = useState<Override | null>(null);
  return (
    <Section
      title={words.title}
      text={words.text}
      actions={<Button onClick={() => setIsSetting(true)}>{words.set}</Button>}
    >
      <Answer query={query}>
        {({ overrides }) =>
          overrides.length === 0 ? (
            <p className="hr-muted">{words.empty}</p>
          ) : (
            <Table overrides={overrides} onRemove={setRemoved} />
          )
        }
      </Answer>
      {isSetting ? (
        <OverrideDialog organizationId={organizationId} onClose={() => setIsSetting(false)} />
      ) : null}
      {removed === null ? null : (
        <RemoveDialog organizationId={organizationId} override={removed} onClose={() => setRemoved(null)} />
      )}
    </Section>
  );
}

function useNameOfOverride() {
  const { overrides: words } = useToolMessages().operator;
  return ({ kind, name }: Override) =>
    name === null ? words.kinds[kind] : words.kindOf(words.kinds[kind], name);
}

function Table({ overrides, onRemove }: { overrides: Override[]; onRemove: (override: Override) => void }) {
  const { overrides: words } = useToolMessages().operator;
  const formats = useFormats();
  const nameOf = useNameOfOverride();
  const shownValue = ({ value }: Override) =>
    value === null ? words.noLimit : typeof value === "number" ? formats.number(value) : String(value);
  return (
    <table className="hr-table" data-cards>
      <caption className="hr-hidden">{words.caption}</caption>
      <thead>
        <tr>
          <th scope="col">{words.what}</th>
          <th scope="col" data-number>
            {words.value}
          </th>
          <th scope="col">{words.reason}</th>
          <th scope="col">{words.expires}</th>
          <th scope="col">
            <span className="hr-hidden">{words.actions}</span>
          </th>
        </tr>
      </thead>
      <tbody>
        {overrides.map((override) => (
          <tr key={nameOf(override)}>
            <th scope="row">{nameOf(override)}</th>
            <td data-label={words.value} data-number>
              {shownValue(override)}
            </td>
            <td data-label={words.reason}>
              <span className="operator-two">
                <span>{override.reason}</span>
                <span className="hr-muted small operator-wrap">{`${words.setBy} ${override.setBy}`}</span>
              </span>
            </td>
            <td data-label={words.expires}>
              {override.expiresAt === null ? words.never : formats.dateTime(override.expiresAt)}
              {override.inForce ? null : <span className="hr-badge">{words.over}</span>}
            </td>
            <td>
              <Button
                kind="danger"
                aria-label={words.removeOf(nameOf(override))}
                onClick={() => onRemove(override)}
              >
                {words.remove}
              </Button>
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function RemoveDialog(props: { organizationId: string; override: Override; onClose: () => void }) {
  const { overrides: words } = useToolMessages().operator;
  const { organizationId, override, onClose } = props;
  const nameOf = useNameOfOverride();
  const queries = useQueryClient();
  const toast = useToast();
  const remove = useMutation(
    useTRPC().overrides.remove.mutationOptions({
      onSuccess: () => {
        void queries.invalidateQueries();
        toast(words.removed);
        onClose();
      },
    }),
  );
  const { kind, name } = override;
  return (
    <ConfirmDialog
      open
      onOpenChange={(open) => open || onClose()}
      title={words.removeTitle}
      text={<p>{nameOf(override)}</p>}
      action={words.remove}
      busy={remove.isPending}
      error={remove.error}
      onConfirm={() => remove.mutate({ organizationId, kind, ...(name === null ? {} : { name }) })}
    />
  );
}
