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
  const [live, setLive] = useState(true);
  const interrupted = useLasting(!live);
  useEffect(
    () => invalidateOnEvents(queries, client, organizationId, { onLive: setLive }),
    [queries, client, organizationId],
  );
  const { shell } = useMessages();
  const notice = online ? (interrupted ? shell.reconnecting : null) : shell.offline;
  return (
    <>
      {notice === null ? null : <Banner tone="warning">{notice}</Banner>}
      {children}
    </>
  );
}

/** Longer than a restart of the api takes: what heals by itself at once is not worth a word. */
const lastingMs = 3_000;

/** True once something has been so for a while. */
function useLasting(isSo: boolean): boolean {
  const [lasts, setLasts] = useState(false);
  useEffect(() => {
    if (!isSo) {
      setLasts(false);
      return;
    }
    const timer = setTimeout(() => setLasts(true), lastingMs);
    return () => clearTimeout(timer);
  }, [isSo]);
  return lasts;
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
