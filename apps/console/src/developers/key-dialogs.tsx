import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { useTRPC } from "../api.ts";
import { Button } from "../components/button.tsx";
import { OneOf } from "../components/choices.tsx";
import { ConfirmDialog } from "../components/confirm-dialog.tsx";
import { Dialog } from "../components/dialog.tsx";
import { Failure } from "../components/states.tsx";
import { useToast } from "../components/toasts.tsx";
import { useToolMessages } from "../messages/tool-messages.tsx";
import { useOrganization } from "../organization.tsx";
import type { Told } from "./secret-dialog.tsx";
import type { ApiKey } from "./types.ts";

const overlaps = { s0: 0, s3600: 3_600, s86400: 86_400 } as const;
type Overlap = keyof typeof overlaps;
type RotateProps = { apiKey: ApiKey; onClose: () => void; onTold: (told: Told) => void };

/** A successor for a key, and how long the old one still works. */
export function RotateKeyDialog({ apiKey, onClose, onTold }: RotateProps) {
  const { common, developers } = useToolMessages();
  const words = developers.keys;
  const { id: organizationId } = useOrganization();
  const trpc = useTRPC();
  const queries = useQueryClient();
  const [overlap, setOverlap] = useState<Overlap>("s3600");
  const rotate = useMutation(
    trpc.apiKeys.rotate.mutationOptions({
      onSuccess: ({ secret }) => {
        void queries.invalidateQueries(trpc.apiKeys.pathFilter());
        onClose();
        onTold({ title: words.created(apiKey.name), secret });
      },
    }),
  );
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (rotate.isPending) return;
    rotate.mutate({ organizationId, keyId: apiKey.id, overlapSeconds: overlaps[overlap] });
  };
  return (
    <Dialog
      open
      onOpenChange={(open) => open || onClose()}
      title={words.rotateTitle(apiKey.name)}
      text={<p>{words.rotateText}</p>}
    >
      <form className="dialog-form" onSubmit={submit}>
        <OneOf
          label={words.overlap}
          name="overlap"
          choices={(Object.keys(overlaps) as Overlap[]).map((value) => ({
            value,
            label: words.overlaps[value],
          }))}
          value={overlap}
          onChange={(value) => setOverlap(value as Overlap)}
        />
        {rotate.isError ? <Failure error={rotate.error} /> : null}
        <footer>
          <Button onClick={onClose}>{common.cancel}</Button>
          <Button type="submit" kind="primary" busy={rotate.isPending}>
            {words.rotate}
          </Button>
        </footer>
      </form>
    </Dialog>
  );
}

/** Ends a key for good. */
export function RevokeKeyDialog({ apiKey, onClose }: { apiKey: ApiKey; onClose: () => void }) {
  const { keys: words } = useToolMessages().developers;
  const { id: organizationId } = useOrganization();
  const trpc = useTRPC();
  const queries = useQueryClient();
  const toast = useToast();
  const revoke = useMutation(
    trpc.apiKeys.revoke.mutationOptions({
      onSuccess: () => {
        void queries.invalidateQueries(trpc.apiKeys.pathFilter());
        toast(words.wasRevoked(apiKey.name));
        onClose();
      },
    }),
  );
  return (
    <ConfirmDialog
      open
      onOpenChange={(open) => open || onClose()}
      title={words.revokeTitle(apiKey.name)}
      text={<p>{words.revokeText}</p>}
      action={words.revoke}
      busy={revoke.isPending}
      error={revoke.error}
      onConfirm={() => revoke.mutate({ organizationId, keyId: apiKey.id })}
    />
  );
}
