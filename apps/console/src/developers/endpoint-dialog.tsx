import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { useTRPC } from "../api.ts";
import { Button } from "../components/button.tsx";
import { Choices, OneOf } from "../components/choices.tsx";
import { Dialog } from "../components/dialog.tsx";
import { TextField } from "../components/field.tsx";
import { Failure } from "../components/states.tsx";
import { faultOf } from "../failures.ts";
import { useToolMessages } from "../messages/tool-messages.tsx";
import { useOrganization } from "../organization.tsx";
import type { Told } from "./secret-dialog.tsx";
import type { EventName, Webhook } from "./types.ts";

type EndpointDialogProps = {
  /** null: a new one. */
  webhook: Webhook | null;
  onClose: () => void;
  onTold: (told: Told) => void;
};

/** Where events go, and which. The secret of a new endpoint is told by whoever opened this. */
export function EndpointDialog({ webhook, onClose, onTold }: EndpointDialogProps) {
  const { common, developers } = useToolMessages();
  const words = developers.webhooks;
  const { id: organizationId } = useOrganization();
  const trpc = useTRPC();
  const queries = useQueryClient();
  const [url, setUrl] = useState(webhook?.url ?? "");
  const [description, setDescription] = useState(webhook?.description ?? "");
  const [which, setWhich] = useState<"all" | "chosen">(webhook?.events.length ? "chosen" : "all");
  const [events, setEvents] = useState<EventName[]>(webhook?.events ?? []);
  const [isTried, setIsTried] = useState(false);
  const finish = () => {
    void queries.invalidateQueries(trpc.webhooks.pathFilter());
    onClose();
  };
  const create = useMutation(
    trpc.webhooks.create.mutationOptions({
      onSuccess: ({ secret }) => {
        finish();
        onTold({ title: words.added, secret });
      },
    }),
  );
  const update = useMutation(trpc.webhooks.update.mutationOptions({ onSuccess: finish }));
  const error = create.error ?? update.error;
  const isBusy = create.isPending || update.isPending;
  const lacksEvents = which === "chosen" && events.length === 0;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    setIsTried(true);
    if (isBusy || lacksEvents) return;
    const fields = { organizationId, url, description, events: which === "all" ? [] : events };
    if (webhook === null) create.mutate(fields);
    else update.mutate({ ...fields, webhookId: webhook.id });
  };
  return (
    <Dialog
      open
      onOpenChange={(open) => open || onClose()}
      title={webhook === null ? words.createTitle : words.editTitle}
    >
      <form className="dialog-form" onSubmit={submit}>
        <TextField
          label={words.url}
          hint={words.urlHint}
          fault={faultOf(error, "url")}
          type="url"
          required
          value={url}
          onChange={(event) => setUrl(event.currentTarget.value)}
          autoComplete="off"
        />
        <TextField
          label={words.description}
          hint={words.descriptionHint}
          fault={faultOf(error, "description")}
          maxLength={200}
          value={description}
          onChange={(event) => setDescription(event.currentTarget.value)}
          autoComplete="off"
        />
        <OneOf
          label={words.which}
          name="which"
          choices={[
            { value: "all", label: words.all },
            { value: "chosen", label: words.chosen },
          ]}
          value={which}
          onChange={(value) => setWhich(value === "all" ? "all" : "chosen")}
        />
        {which === "all" ? null : (
          <Choices
            label={words.chosen}
            choices={(Object.keys(developers.event) as EventName[])
              .filter((name) => name !== "webhook.test")
              .map((name) => ({
                value: name,
                label: (
                  <>
                    <span>{developers.event[name]}</span> <code className="hr-muted">{name}</code>
                  </>
                ),
              }))}
            chosen={events}
            onChange={(chosen) => setEvents(chosen as EventName[])}
            fault={isTried && lacksEvents ? words.chooseEvent : null}
          />
        )}
        {error ? <Failure error={error} /> : null}
        <footer>
          <Button onClick={onClose}>{common.cancel}</Button>
          <Button type="submit" kind="primary" busy={isBusy}>
            {webhook === null ? words.add : words.save}
          </Button>
        </footer>
      </form>
    </Dialog>
  );
}
