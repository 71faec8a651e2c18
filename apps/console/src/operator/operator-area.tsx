import { QueryClientProvider, useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { createOperatorApi, createQueries, TRPCProvider, useTRPC } from "../api.ts";
import { ShieldCheck } from "../components/icons.tsx";
import { Page } from "../components/page.tsx";
import { Answer, Empty } from "../components/states.tsx";
import { useToolMessages } from "../messages/tool-messages.tsx";
import type { Session } from "../session.ts";
import { useSurroundings } from "../surroundings.tsx";
import "../styles/operator.css";

type Calls = { client: ReturnType<typeof createOperatorApi>; queries: ReturnType<typeof createQueries> };

const callsOf = new WeakMap<Session, Calls>();

/** One for the session, so that the pages of this area share what they have asked. */
function callsAsOperator(session: Session): Calls {
  const calls = callsOf.get(session) ?? {
    client: createOperatorApi(session),
    queries: createQueries(session),
  };
  callsOf.set(session, calls);
  return calls;
}

/** What is below calls as an operator, and keeps its answers apart from the person's own. Others are told why not. */
export function OperatorArea({ children }: { children: ReactNode }) {
  const { operator: words } = useToolMessages();
  const { session } = useSurroundings();
  const me = useQuery(useTRPC().me.get.queryOptions());
  const { client, queries } = callsAsOperator(session);
  return (
    <Answer query={me}>
      {(data) =>
        data.kind === "user" && data.user.operator ? (
          <QueryClientProvider client={queries}>
            <TRPCProvider trpcClient={client} queryClient={queries}>
              <p className="operator-bar">
                <ShieldCheck size={18} />
                {words.bar}
              </p>
              {children}
            </TRPCProvider>
          </QueryClientProvider>
        ) : (
          <Page title={words.title}>
            <div className="hr-card">
              <Empty title={words.notAllowedTitle} text={words.notAllowedText} />
            </div>
          </Page>
        )
      }
    </Answer>
  );
}
