import "../styles/accept-invite.css";
import { isHeadroomError } from "@headroom/client";
import { AcceptInvite, inviteStep } from "@headroom/react";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { useLocation, useSearchParams } from "wouter";
import { useTRPC } from "../api.ts";
import { ConfirmDialog } from "../components/confirm-dialog.tsx";
import { Failure, Loading } from "../components/states.tsx";
import { useMessages } from "../messages/messages.tsx";
import { pageOf } from "../organization.tsx";
import { useSurroundings } from "../surroundings.tsx";

/** What an invite's link opens. Public: whoever is not signed in sees what they are invited to. */
export default function AcceptInvitePage() {
  const { invites, shell } = useMessages();
  const [search] = useSearchParams();
  useEffect(() => {
    document.title = `${invites.title} · ${shell.product}`;
  }, [invites.title, shell.product]);
  return (
    <main className="invite-page">
      <p className="invite-product">{shell.product}</p>
      <Invitation token={search.get("token") ?? ""} />
    </main>
  );
}

// What the link opens is known by now: a refusal is an answer, everything else is a failure.
const unknown = ["invite_not_found", "validation_failed"] as const;

function Invitation({ token }: { token: string }) {
  const { session, signedIn } = useSurroundings();
  const [, navigate] = useLocation();
  const [declining, setDeclining] = useState(false);
  const trpc = useTRPC();
  const preview = useQuery(trpc.invites.preview.queryOptions({ token }));
  const { data: me } = useQuery(trpc.me.get.queryOptions(undefined, { enabled: signedIn }));
  const acceptance = useAcceptance();

  const isUnknown = isHeadroomError(preview.error, ...unknown);
  if (preview.isError && !isUnknown) {
    return <Failure error={preview.error} onRetry={() => void preview.refetch()} />;
  }
  if (preview.isPending || (signedIn && me === undefined)) return <Loading lines={4} />;

  const invite = isUnknown ? null : (preview.data ?? null);
  const account = me?.kind === "user" ? me.user : null;
  const refusal = isHeadroomError(acceptance.error) ? acceptance.error.data.reason : null;
  const step = inviteStep({ invite, account, refusal });
  const here = `${window.location.pathname}${window.location.search}`;
  // Whoever accepted it gets the same answer again, and with it the way there.
  const open = () => (step === "accepted" && signedIn ? acceptance.accept(token) : navigate("/"));
  const explained = step !== "accept" && step !== "accepted";
  return (
    <>
      <AcceptInvite
        invite={invite}
        step={step}
        signedInAs={account?.email ?? null}
        busy={acceptance.isPending}
        onSignIn={() => void session.signIn(here)}
        onSignInAsAnother={() => void session.signIn(here, { asAnother: true })}
        onAccept={() => acceptance.accept(token)}
        onDecline={() => setDeclining(true)}
        onOpen={open}
      >
        {acceptance.error && !explained ? <Failure error={acceptance.error} /> : null}
      </AcceptInvite>
      {declining ? <DeclineDialog token={token} onClose={() => setDeclining(false)} /> : null}
    </>
  );
}

/** Joins, and goes to where the person is a member now. */
function useAcceptance() {
  const trpc = useTRPC();
  const queries = useQueryClient();
  const [, navigate] = useLocation();
  const acceptance = useMutation(
    trpc.invites.accept.mutationOptions({
      onSuccess: async ({ organization }) => {
        await queries.invalidateQueries({ queryKey: trpc.organizations.list.queryKey() });
        navigate(pageOf(organization.slug, "usage"));
      },
      // It may have been answered or withdrawn meanwhile.
      onError: () => queries.invalidateQueries({ queryKey: trpc.invites.preview.queryKey() }),
    }),
  );
  const { error, isPending } = acceptance;
  return { error, isPending, accept: (token: string) => acceptance.mutate({ token }) };
}

function DeclineDialog({ token, onClose }: { token: string; onClose: () => void }) {
  const { invites } = useMessages();
  const trpc = useTRPC();
  const queries = useQueryClient();
  const declining = useMutation(
    trpc.invites.decline.mutationOptions({
      onSuccess: (answered) => {
        queries.setQueryData(trpc.invites.preview.queryKey({ token }), answered);
        onClose();
      },
    }),
  );
  return (
    <ConfirmDialog
      open
      onOpenChange={(isOpen) => (isOpen ? undefined : onClose())}
      title={invites.declining.title}
      text={<p>{invites.declining.text}</p>}
      action={invites.declining.action}
      busy={declining.isPending}
      error={declining.error}
      onConfirm={() => declining.mutate({ token })}
    />
  );
}
