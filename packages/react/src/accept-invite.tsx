import type { ReactNode } from "react";
import type { InviteStep, PreviewedInvite } from "./invite-steps.ts";
import { useFormats, useWords } from "./provider.tsx";
import { roleName } from "./roles.ts";

export type AcceptInviteProps = {
  /** null: the link opens nothing. */
  invite: PreviewedInvite | null;
  /** What can be done: `inviteStep` decides. */
  step: InviteStep;
  /** The address that is signed in. */
  signedInAs: string | null;
  onSignIn: () => void;
  onSignInAsAnother: () => void;
  onAccept: () => void;
  onDecline: () => void;
  /** Leaves: to the organization when it was joined, else to the start. */
  onOpen: () => void;
  /** Its main action is under way. */
  busy?: boolean;
  /** That something failed. */
  children?: ReactNode;
};

/** The page that an invite's link opens: in each state one thing to do. */
export function AcceptInvite(props: AcceptInviteProps) {
  const { invite: words } = useWords();
  const { invite, step } = props;
  const open = step === "signIn" || step === "accept";
  const said = words.steps[step]({
    organization: invite?.organization.name ?? "",
    email: invite?.email ?? "",
    account: props.signedInAs ?? "",
    inviter: invite?.invitedBy?.name ?? null,
  });
  return (
    <section className="hr-card hr-invite" aria-labelledby="hr-invite-title">
      <h1 id="hr-invite-title" tabIndex={-1}>
        {said.title}
      </h1>
      {said.text === null ? null : <p>{said.text}</p>}
      {invite === null || step === "gone" ? null : <Facts invite={invite} step={step} />}
      {props.children}
      <div className="hr-invite-actions">
        <MainButton {...props} label={said.action} />
        {open ? (
          <button type="button" className="hr-button" data-kind="quiet" onClick={props.onDecline}>
            {words.decline}
          </button>
        ) : null}
      </div>
      {step === "accept" && props.signedInAs !== null ? (
        <p className="hr-muted hr-invite-note">{words.signedInAs(props.signedInAs)}</p>
      ) : null}
    </section>
  );
}

function MainButton(props: AcceptInviteProps & { label: string }) {
  const actions: Readonly<Record<InviteStep, () => void>> = {
    signIn: props.onSignIn,
    accept: props.onAccept,
    full: props.onAccept,
    otherAddress: props.onSignInAsAnother,
    unverified: props.onSignInAsAnother,
    expired: props.onOpen,
    accepted: props.onOpen,
    declined: props.onOpen,
    gone: props.onOpen,
  };
  return (
    <button
      type="button"
      className="hr-button"
      data-kind="primary"
      aria-busy={props.busy || undefined}
      aria-disabled={props.busy || undefined}
      onClick={props.busy ? undefined : actions[props.step]}
    >
      {props.label}
    </button>
  );
}

/** Their titles name the organization. */
const named: readonly InviteStep[] = ["signIn", "accept", "full"];

function Facts({ invite, step }: { invite: PreviewedInvite; step: InviteStep }) {
  const words = useWords();
  const formats = useFormats();
  const rows: readonly (readonly [string, string | null])[] = [
    [words.invite.organization, named.includes(step) ? null : invite.organization.name],
    [words.invite.invitedBy, invite.invitedBy?.name ?? null],
    [words.invite.role, roleName(words, invite.role)],
    [words.invite.address, invite.email],
    [
      step === "expired" ? words.invite.expired : words.invite.expires,
      step === "accepted" || step === "declined" ? null : formats.dateTime(invite.expiresAt),
    ],
  ];
  return (
    <dl className="hr-facts">
      {rows.map(([name, value]) =>
        value === null ? null : (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ),
      )}
    </dl>
  );
}
