import { isHeadroomError } from "@headroom/client";
import type { UseQueryResult } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { failureText } from "../failures.ts";
import { useMessages } from "../messages/messages.tsx";
import { Button } from "./button.tsx";

/** Where something will be once it has arrived. */
export function Loading({ lines = 3 }: { lines?: number }) {
  const { shell } = useMessages();
  const ends = ["92%", "78%", "85%", "64%", "88%", "71%"].slice(0, lines);
  return (
    <div className="skeleton" role="status">
      <span className="hr-hidden">{shell.loading}</span>
      {ends.map((inlineSize) => (
        <span key={inlineSize} style={{ inlineSize }} />
      ))}
    </div>
  );
}

/** Where nothing is yet: what it would be, and the way to the first one. */
export function Empty(props: { title: string; text?: ReactNode; children?: ReactNode }) {
  return (
    <div className="empty">
      <p className="empty-title">{props.title}</p>
      {props.text === undefined ? null : <p className="hr-muted">{props.text}</p>}
      {props.children}
    </div>
  );
}

/** That something failed, why, and what to do. The request's id is there for whoever is asked for help. */
export function Failure({ error, onRetry }: { error: unknown; onRetry?: () => void }) {
  const messages = useMessages();
  const requestId = requestIdOf(error);
  return (
    <div className="banner" data-tone="danger" role="alert">
      <p>{failureText(messages, error)}</p>
      {requestId === null ? null : <p className="small">{messages.common.requestId(requestId)}</p>}
      {onRetry === undefined ? null : <Button onClick={onRetry}>{messages.common.tryAgain}</Button>}
    </div>
  );
}

function requestIdOf(error: unknown): string | null {
  const id = isHeadroomError(error) ? (error.data as { requestId?: unknown }).requestId : null;
  return typeof id === "string" ? id : null;
}

/** Something that people should know before they go on. */
export function Banner(props: {
  tone: "info" | "ok" | "warning" | "danger";
  children: ReactNode;
  actions?: ReactNode;
}) {
  return (
    <div className="banner" data-tone={props.tone} role={props.tone === "danger" ? "alert" : "status"}>
      <div>{props.children}</div>
      {props.actions === undefined ? null : <div className="actions">{props.actions}</div>}
    </div>
  );
}

/** Shows what a query answered; until then that it loads, or why it failed. What is there stays while it is asked again. */
export function Answer<Data>(props: {
  query: UseQueryResult<Data, unknown>;
  lines?: number;
  children: (data: Data) => ReactNode;
}) {
  const { query } = props;
  if (query.data !== undefined) return <>{props.children(query.data)}</>;
  if (query.isError) return <Failure error={query.error} onRetry={() => void query.refetch()} />;
  return <Loading lines={props.lines ?? 3} />;
}
