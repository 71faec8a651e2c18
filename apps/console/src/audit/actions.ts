import { useToolMessages } from "../messages/tool-messages.tsx";

/** What a person reads of an action; one that is newer than this console stays as it is. */
export function useTextOfAction(): (action: string) => string {
  const { audit: words } = useToolMessages();
  return (action) => (words.actions as Record<string, string>)[action] ?? action;
}
