import { isHeadroomError } from "@headroom/client";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Link, useLocation } from "wouter";
import { useTRPC } from "../api.ts";
import { ConfirmDialog } from "../components/confirm-dialog.tsx";
import { Banner } from "../components/states.tsx";
import { useToast } from "../components/toasts.tsx";
import { useMessages } from "../messages/messages.tsx";
import { pageOf, useOrganization } from "../organization.tsx";

/** Says what deletion does, and asks for the slug. */
export function DeleteDialog({ onClose }: { onClose: () => void }) {
  const { deletion } = useMessages().settings;
  const organization = useOrganization();
  const [, navigate] = useLocation();
  const toast = useToast();
  const trpc = useTRPC();
  const queries = useQueryClient();
  const deleting = useMutation(
    trpc.organizations.delete.mutationOptions({
      onSuccess: () => {
        navigate("~/");
        queries.removeQueries({ queryKey: trpc.organizations.list.queryKey() });
        toast(deletion.done(organization.name));
      },
    }),
  );
  const subscribed = isHeadroomError(deleting.error, "active_subscription");
  return (
    <ConfirmDialog
      open
      onOpenChange={(open) => (open ? undefined : onClose())}
      title={deletion.title(organization.name)}
      text={
        <ul className="consequences">
          {deletion.consequences.map((consequence) => (
            <li key={consequence}>{consequence}</li>
          ))}
        </ul>
      }
      action={deletion.action}
      busy={deleting.isPending}
      error={subscribed ? null : deleting.error}
      onConfirm={() => deleting.mutate({ organizationId: organization.id, slug: organization.slug })}
      typed={{ label: deletion.typed(organization.slug), word: organization.slug }}
    >
      {subscribed ? (
        <Banner
          tone="danger"
          actions={
            <Link className="hr-button" href={`~${pageOf(organization.slug, "plan")}`}>
              {deletion.toPlan}
            </Link>
          }
        >
          <p>{deletion.subscribed}</p>
        </Banner>
      ) : null}
    </ConfirmDialog>
  );
}
