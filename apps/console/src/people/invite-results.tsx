import { useFormats } from "@headroom/react";
import { useEffect, useRef } from "react";
import { Link } from "wouter";
import { Button } from "../components/button.tsx";
import { CopyButton } from "../components/copy-button.tsx";
import { useMessages } from "../messages/messages.tsx";
import { type Outputs, pageOf, useOrganization } from "../organization.tsx";
import { Delivery } from "./delivery.tsx";

export type InviteResult = Outputs["invites"]["bulk"]["results"][number];

/** What became of each address: its mail and its link, or why it was not invited. */
export function InviteResults(props: {
  results: readonly InviteResult[];
  onAgain: (addresses: readonly string[]) => void;
  onClose: () => void;
}) {
  const { full, inviting } = useMessages().members;
  const { slug } = useOrganization();
  const formats = useFormats();
  const heading = useRef<HTMLParagraphElement>(null);
  useEffect(() => heading.current?.focus(), []);
  const { results } = props;
  const refused = results.filter(({ status }) => status === "refused");
  const done = results.length - refused.length;
  const noSeat = refused.some(({ error }) => error?.code === "seat_limit_reached");
  return (
    <div className="dialog-form">
      <p ref={heading} tabIndex={-1} role="status" className="results-heading">
        {done === 0 ? inviting.noneInvited : inviting.invited(formats.number(done), done)}
      </p>
      <ul className="results">
        {results.map((result) => (
          <li key={result.email}>
            <Result result={result} />
          </li>
        ))}
      </ul>
      {noSeat ? (
        <Link href={`~${pageOf(slug, "plan")}`} className="hr-button">
          {full.plan}
        </Link>
      ) : null}
      <footer>
        <Button onClick={() => props.onAgain(refused.map(({ email }) => email))}>
          {refused.length > 0 ? inviting.retry : inviting.again}
        </Button>
        <Button kind="primary" onClick={props.onClose}>
          {inviting.done}
        </Button>
      </footer>
    </div>
  );
}

function Result({ result }: { result: InviteResult }) {
  const { errors, members } = useMessages();
  const { inviting, pending } = members;
  const { email, status, invite, error } = result;
  return (
    <>
      <span className="result-email">{email}</span>
      {status === "refused" ? (
        <span className="delivery">
          <span className="hr-badge" data-tone="danger">
            {inviting.refused}
          </span>
          {error === null ? null : <span className="hr-muted small">{errors[error.code]}</span>}
        </span>
      ) : null}
      {status === "joined" ? (
        <span className="hr-badge" data-tone="ok">
          {inviting.joined}
        </span>
      ) : null}
      {status === "invited" && invite !== null ? <Delivery state={invite.emailDelivery} /> : null}
      {invite?.inviteUrl ? <CopyButton text={invite.inviteUrl} label={pending.copy} about={email} /> : null}
    </>
  );
}
