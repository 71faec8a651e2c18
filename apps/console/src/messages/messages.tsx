import { createContext, type ReactNode, useContext } from "react";
import type { Language } from "../preferences.ts";
import type { Messages } from "./shape.ts";

const MessagesContext = createContext<Messages | null>(null);

/** Only the language that is shown is loaded. */
export async function loadMessages(language: Language): Promise<Messages> {
  return language === "de" ? (await import("./de/index.ts")).de : (await import("./en/index.ts")).en;
}

export function MessagesProvider({ messages, children }: { messages: Messages; children: ReactNode }) {
  return <MessagesContext value={messages}>{children}</MessagesContext>;
}

/** The texts in the language that the console is shown in. */
export function useMessages(): Messages {
  const messages = useContext(MessagesContext);
  if (messages === null) throw new Error("useMessages needs a MessagesProvider above it");
  return messages;
}
