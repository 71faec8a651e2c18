// First: it says in which order the layers weigh.
import "./styles/base.css";
import "@headroom/react/styles.css";
import "./styles/shell.css";
import "./styles/parts.css";
import { createRoot } from "react-dom/client";
import { App } from "./app.tsx";
import { loadMessages } from "./messages/messages.tsx";
import { preferredLanguage, preferredTheme, showTheme } from "./preferences.ts";
import { isReturning, openSession } from "./session.ts";
import { loadSettings } from "./settings.ts";

/** Pages for people who are not signed in. */
const publicPages = ["/invites/accept"];

async function start(): Promise<void> {
  showTheme(preferredTheme());
  const language = preferredLanguage();
  document.documentElement.lang = language;
  const messages = await loadMessages(language);
  // What a fault of ours leaves is empty: a way on stands there instead.
  const onUncaughtError = (error: unknown) => {
    reportError(error);
    queueMicrotask(() => showProblem(messages.shell.broken));
  };
  const root = createRoot(document.getElementById("console") as HTMLElement, { onUncaughtError });
  const showProblem = (problem: string) =>
    root.render(
      <main className="alone">
        <h1>{messages.shell.product}</h1>
        <p role="alert">{problem}</p>
        <a className="hr-button" data-kind="primary" href="/">
          {messages.shell.tryAgain}
        </a>
      </main>,
    );
  try {
    const settings = await loadSettings();
    const { session, isSignedIn, finishSignIn } = openSession(settings);
    if (isReturning(window.location)) window.history.replaceState(null, "", await finishSignIn());
    const signedIn = await isSignedIn();
    const { pathname, search } = window.location;
    if (!signedIn && !publicPages.includes(pathname)) await session.signIn(`${pathname}${search}`);
    root.render(
      <App
        settings={settings}
        session={session}
        signedIn={signedIn}
        messages={messages}
        language={language}
      />,
    );
  } catch {
    showProblem(isReturning(window.location) ? messages.shell.signInFailed : messages.shell.cannotStart);
  }
}

void start();
