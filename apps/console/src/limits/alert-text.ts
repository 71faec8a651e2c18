import { useFormats } from "@headroom/react";
import { useMessages } from "../messages/messages.tsx";
import { useSurroundings } from "../surroundings.tsx";
import { meterNoun } from "../usage/meter-names.ts";
import type { AlertLimit, AlertWindow } from "./suggestions.ts";

/** An alert in words: `80% of the daily limit`, `500 jobs in a period`. */
export function useAlertText(meter: string) {
  const { limits: words } = useMessages();
  const { language } = useSurroundings();
  const formats = useFormats();
  return (alert: {
    window: AlertWindow;
    units: number | null;
    percent: number | null;
    of: AlertLimit | null;
  }): string =>
    alert.percent === null || alert.of === null
      ? words.unitsIn[alert.window](formats.number(alert.units ?? 0), meterNoun(meter, language))
      : words.percentOf[alert.of](formats.percent(alert.percent / 100));
}
