import { use } from "react";
import type { Language } from "../preferences.ts";
import { useSurroundings } from "../surroundings.tsx";
import { useMessages } from "./messages.tsx";
import type { Messages, ToolMessages } from "./shape.ts";

type All = Messages & ToolMessages;

const loads = new Map<Language, Promise<All>>();

/** Every text, those of these pages too. The page waits for them. */
export function useToolMessages(): All {
  const messages = useMessages();
  const { language } = useSurroundings();
  const load = loads.get(language) ?? loadAll(language, messages);
  loads.set(language, load);
  return use(load);
}

async function loadAll(language: Language, messages: Messages): Promise<All> {
  const { tools } = language === "de" ? await import("./de/tools.ts") : await import("./en/tools.ts");
  return { ...messages, ...tools };
}
