import { useFormats } from "@headroom/react";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTRPC } from "../api.ts";
import { Button } from "../components/button.tsx";
import { ConfirmDialog } from "../components/confirm-dialog.tsx";
import { Failure } from "../components/states.tsx";
import { useToast } from "../components/toasts.tsx";
import { useToolMessages } from "../messages/tool-messages.tsx";
import { useOrganization } from "../organization.tsx";
import { Deliveries } from "./deliveries.tsx";
import type { Told } from "./secret-dialog.tsx";
import type { Webhook } from "./types.ts";

type EndpointProps = {
  webhook: Webhook;
  onEdit: () => void;
  /** A new secret is about to be asked for. */
  onRotate: () => void;
  onTold: (told: Told) => void;
};

/** One endpoint: how it stands, what can be done with it, and what was sent to it. */
export function Endpoint({ webhook, onEdit, onRotate, onTold }: EndpointProps) {
  const { webhooks: words } = useToolMessages().developers;
  const formats = useFormats();
  const [asked, setAsked] = useState<"delete" | "rotate" | null>(null);
  const close = () => setAsked(null);
  const { url, status } = webhook;
  const { test, update, remove, rotate } = useActs(webhook, onTold, close);
  const isEnabled = status === "enabled";
  const input = { organizationId: webhook.organizationId, webhookId: webhook.id };
  const failed = test.error ?? update.error;
  return (
    <article className="developers-endpoint">
      <header>
        <h3>{url}</h3>
        <span className="hr-badge" data-tone={isEnabled ? "ok" : "danger"}>
          {isEnabled ? words.enabled : words.disabled}
        </span>
      </header>
      <ul className="developers-facts hr-muted small">
        {webhook.description === "" ? null : <li>{webhook.description}</li>}
        <li title={webhook.events.join(", ")}>
          {webhook.events.length === 0
            ? words.everyEvent
            : words.someEvents(formats.number(webhook.events.length), webhook.events.length)}
        </li>
        {webhook.disabledReason === null ? null : <li>{words.disabledReasons[webhook.disabledReason]}</li>}
        {webhook.failingSince === null ? null : (
          <li>{words.failingSince(formats.dateTime(webhook.failingSince))}</li>
        )}
        {webhook.previousSecretUntil === null ? null : (
          <li>{words.twoSecrets(formats.dateTime(webhook.previousSecretUntil))}</li>
        )}
      </ul>
      <div className="actions">
        <Button aria-label={words.testOf(url)} busy={test.isPending} onClick={() => test.mutate(input)}>
          {words.test}
        </Button>
        <Button aria-label={words.editOf(url)} onClick={onEdit}>
          {words.edit}
        </Button>
        <Button
          aria-label={isEnabled ? words.disableOf(url) : words.enableOf(url)}
          busy={update.isPending}
          onClick={() => update.mutate({ ...input, status: isEnabled ? "disabled" : "enabled" })}
        >
          {isEnabled ? words.disable : words.enable}
        </Button>
        <Button
          aria-label={words.rotateOf(url)}
          onClick={() => {
            onRotate();
            setAsked("rotate");
          }}
        >
          {words.rotate}
        </Button>
        <Button kind="danger" aria-label={words.deleteOf(url)} onClick={() => setAsked("delete")}>
          {words.delete}
        </Button>
      </div>
      {failed ? <Failure error={failed} /> : null}
      <Deliveries webhook={webhook} />
      {asked === "delete" ? (
        <ConfirmDialog
          open
          onOpenChange={(open) => open || close()}
          title={words.deleteTitle}
          text={<p>{`${url}: ${words.deleteText}`}</p>}
          action={words.delete}
          busy={remove.isPending}
          error={remove.error}
          onConfirm={() => remove.mutate(input)}
        />
      ) : null}
      {asked === "rotate" ? (
        <ConfirmDialog
          open
          onOpenChange={(open) => open || close()}
          title={words.rotateTitle}
          text={<p>{words.rotateText}</p>}
          action={words.rotate}
          busy={rotate.isPending}
          error={rotate.error}
          onConfirm={() => rotate.mutate(input)}
        />
      ) : null}
    </article>
  );
}

function useActs(webhook: Webhook, onTold: (told: Told) => void, close: () => void) {
  const { webhooks: words } = useToolMessages().developers;
  const { id } = useOrganization();
  const trpc = useTRPC();
  const queries = useQueryClient();
  const toast = useToast();
  const refresh = () => void queries.invalidateQueries(trpc.webhooks.pathFilter());
  const done = (text: string) => () => {
    refresh();
    close();
    toast(text);
  };
  return {
    organizationId: id,
    test: useMutation(trpc.webhooks.test.mutationOptions({ onSuccess: done(words.tested) })),
    update: useMutation(trpc.webhooks.update.mutationOptions({ onSuccess: refresh })),
    remove: useMutation(trpc.webhooks.delete.mutationOptions({ onSuccess: done(words.deleted) })),
    rotate: useMutation(
      trpc.webhooks.rotate.mutationOptions({
        onSuccess: ({ secret }) => {
          refresh();
          close();
          onTold({ title: `${words.newSecret}: ${webhook.url}`, secret });
        },
      }),
    ),
  };
}
