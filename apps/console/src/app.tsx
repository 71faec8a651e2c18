import { HeadroomProvider } from "@headroom/react";
import { QueryClientProvider } from "@tanstack/react-query";
import { useMemo } from "react";
import { createApi, createPublicApi, createQueries, TRPCProvider } from "./api.ts";
import { ToastProvider } from "./components/toasts.tsx";
import { MessagesProvider } from "./messages/messages.tsx";
import type { Messages } from "./messages/shape.ts";
import { type Language, localeOf } from "./preferences.ts";
import { Routes } from "./routes.tsx";
import type { Session } from "./session.ts";
import type { Settings } from "./settings.ts";
import { SurroundingsProvider } from "./surroundings.tsx";

type AppProps = {
  settings: Settings;
  session: Session;
  signedIn: boolean;
  messages: Messages;
  language: Language;
};

/** The console around its pages: who is signed in, in which language, and how the api is asked. */
export function App({ settings, session, signedIn, messages, language }: AppProps) {
  const client = useMemo(() => (signedIn ? createApi(session) : createPublicApi()), [session, signedIn]);
  const queries = useMemo(() => createQueries(session), [session]);
  const surroundings = useMemo(
    () => ({ settings, session, signedIn, language }),
    [settings, session, signedIn, language],
  );
  return (
    <SurroundingsProvider value={surroundings}>
      <MessagesProvider messages={messages}>
        <HeadroomProvider
          locale={localeOf(language)}
          timeZone={Intl.DateTimeFormat().resolvedOptions().timeZone}
        >
          <QueryClientProvider client={queries}>
            <TRPCProvider trpcClient={client} queryClient={queries}>
              <ToastProvider>
                <Routes />
              </ToastProvider>
            </TRPCProvider>
          </QueryClientProvider>
        </HeadroomProvider>
      </MessagesProvider>
    </SurroundingsProvider>
  );
}
