import { createContext, type ReactNode, useContext, useMemo } from "react";
import { createFormats, type Formats } from "./formats.ts";
import { messages as shipped } from "./messages.ts";
import type { Messages } from "./messages-en.ts";

type Reader = { locale: string; messages: Messages; formats: Formats };

const ReaderContext = createContext<Reader>({
  locale: "en",
  messages: shipped.en,
  formats: createFormats("en", "UTC"),
});

export type HeadroomProviderProps = {
  /** A BCP 47 tag: how numbers and dates are written, and the language where the package has it. */
  locale: string;
  /** An IANA zone, in which moments are written: usually the organization's. */
  timeZone: string;
  /** Other words, or another language. */
  messages?: Messages;
  children: ReactNode;
};

/** Says for whom the components below it write. Without it they write English, in UTC. */
export function HeadroomProvider({ locale, timeZone, messages, children }: HeadroomProviderProps) {
  const reader = useMemo(
    () => ({
      locale,
      messages: messages ?? (locale.split("-")[0] === "de" ? shipped.de : shipped.en),
      formats: createFormats(locale, timeZone),
    }),
    [locale, timeZone, messages],
  );
  return <ReaderContext value={reader}>{children}</ReaderContext>;
}

/** The words of the components. */
export function useWords(): Messages {
  return useContext(ReaderContext).messages;
}

/** How numbers, money and moments are written here. */
export function useFormats(): Formats {
  return useContext(ReaderContext).formats;
}
