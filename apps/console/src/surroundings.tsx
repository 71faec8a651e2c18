import { createContext, type ReactNode, useContext } from "react";
import type { Language } from "./preferences.ts";
import type { Session } from "./session.ts";
import type { Settings } from "./settings.ts";

type Surroundings = { settings: Settings; session: Session; signedIn: boolean; language: Language };

const SurroundingsContext = createContext<Surroundings | null>(null);

export function SurroundingsProvider(props: { value: Surroundings; children: ReactNode }) {
  return <SurroundingsContext value={props.value}>{props.children}</SurroundingsContext>;
}

/** What the console was started with: settings of the installation, the session, the language. */
export function useSurroundings(): Surroundings {
  const surroundings = useContext(SurroundingsContext);
  if (surroundings === null) throw new Error("useSurroundings needs a SurroundingsProvider above it");
  return surroundings;
}
