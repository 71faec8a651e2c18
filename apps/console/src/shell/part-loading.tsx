import { type ComponentType, lazy, useEffect } from "react";
import { Button } from "../components/button.tsx";
import { Banner } from "../components/states.tsx";
import { useMessages } from "../messages/messages.tsx";

const askAgainMs = 2_000;
const patienceMs = 30_000;
const reloadedAtKey = "headroom.reloaded-at";

/**
 * A part of the console that is loaded when it is first shown. Where it cannot be, because the server is away or has
 * another build by now, that stands in its place, and the page is loaded anew as soon as the server answers.
 */
export function lazyPart<Props>(load: () => Promise<{ default: ComponentType<Props> }>) {
  return lazy(() => load().catch(() => ({ default: NotLoaded as ComponentType<Props> })));
}

function NotLoaded() {
  const { common } = useMessages();
  useEffect(() => {
    const timer = setInterval(() => void reloadWhenAnswered(), askAgainMs);
    return () => clearInterval(timer);
  }, []);
  return (
    <Banner tone="danger" actions={<Button onClick={reload}>{common.tryAgain}</Button>}>
      {common.noAnswer}
    </Banner>
  );
}

async function reloadWhenAnswered(): Promise<void> {
  const reloadedAt = Number(window.sessionStorage.getItem(reloadedAtKey));
  // What is missing for good is not asked for in circles.
  if (Date.now() - reloadedAt < patienceMs) return;
  const answered = await fetch("/console.json").then(
    ({ ok }) => ok,
    () => false,
  );
  if (answered) reload();
}

function reload(): void {
  window.sessionStorage.setItem(reloadedAtKey, String(Date.now()));
  window.location.reload();
}
