import type { UseQueryResult } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { Banner, Loading } from "../components/states.tsx";
import { useToolMessages } from "../messages/tool-messages.tsx";
import { refusalOf } from "./controls.ts";

/** What a control said against it, or that it does not answer. */
export function SandboxFailure({ error }: { error: unknown }) {
  const { sandbox } = useToolMessages();
  const refusal = refusalOf(error);
  return <Banner tone="danger">{refusal === null ? sandbox.noAnswer : sandbox.refused(refusal)}</Banner>;
}

/** What the sandbox has. What is there stays while it is asked again. */
export function SandboxAnswer<Data>(props: {
  query: UseQueryResult<Data>;
  children: (data: Data) => ReactNode;
}) {
  const { query } = props;
  return (
    <>
      {query.isError ? <SandboxFailure error={query.error} /> : null}
      {query.data === undefined ? query.isError ? null : <Loading /> : props.children(query.data)}
    </>
  );
}
