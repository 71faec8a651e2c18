import { invalidateOnEvents } from "@headroom/client/react-query";
import { useQueryClient } from "@tanstack/react-query";
import { type ReactNode, useEffect, useState } from "react";
import { useTRPCClient } from "../api.ts";
import { Banner } from "../components/states.tsx";
import { useMessages } from "../messages/messages.tsx";

/** Keeps what is shown of an organization true while others change it, and says when it cannot. */
export function Live({ organizationId, children }: { organizationId: string; children: ReactNode }) {
  const client = useTRPCClient();
  const queries = useQueryClient();
  const online = useOnline();
  useEffect(() => invalidateOnEvents(queries, client, organizationId), [queries, client, organizationId]);
  const { shell } = useMessages();
  return (
    <>
      {online ? null : <Banner tone="warning">{shell.offline}</Banner>}
      {children}
    </>
  );
}

function useOnline(): boolean {
  const [online, setOnline] = useState(navigator.onLine);
  useEffect(() => {
    const update = () => setOnline(navigator.onLine);
    window.addEventListener("online", update);
    window.addEventListener("offline", update);
    return () => {
      window.removeEventListener("online", update);
      window.removeEventListener("offline", update);
    };
  }, []);
  return online;
}
