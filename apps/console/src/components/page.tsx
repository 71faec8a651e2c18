import { type ReactNode, useEffect, useRef } from "react";
import { useMessages } from "../messages/messages.tsx";

/** The address whose page has been opened last; null: the browser has just loaded the console. */
let openedPath: string | null = null;

/** The address whose title was given the focus last. */
let focusedPath: string | null = null;

/** A page: its title is the document's too, and where the focus goes when it opens. `actions` stand beside the title. */
export function Page(props: { title: string; text?: ReactNode; actions?: ReactNode; children: ReactNode }) {
  const { shell } = useMessages();
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    document.title = `${props.title} · ${shell.product}`;
  }, [props.title, shell.product]);
  useEffect(() => {
    const { pathname } = window.location;
    // A page that the browser has just loaded begins where the browser begins: at the link that skips to the content.
    const isAnother = openedPath !== null && openedPath !== pathname;
    // The title that had it was the one of the page while it loaded.
    const isLost = focusedPath === pathname && document.activeElement === document.body;
    if (isAnother || isLost) {
      heading.current?.focus({ preventScroll: true });
      focusedPath = pathname;
    }
    openedPath = pathname;
  }, []);
  return (
    <>
      <header className="page-header">
        <div>
          <h1 ref={heading} tabIndex={-1}>
            {props.title}
          </h1>
          {props.text === undefined ? null : <p className="hr-muted">{props.text}</p>}
        </div>
        {props.actions === undefined ? null : <div className="actions">{props.actions}</div>}
      </header>
      {props.children}
    </>
  );
}

/** A part of a page under a heading of its own. */
export function Section(props: {
  title: string;
  text?: ReactNode;
  actions?: ReactNode;
  children?: ReactNode;
}) {
  return (
    <section className="hr-card section">
      <header>
        <div>
          <h2>{props.title}</h2>
          {props.text === undefined ? null : <p className="hr-muted">{props.text}</p>}
        </div>
        {props.actions === undefined ? null : <div className="actions">{props.actions}</div>}
      </header>
      {props.children}
    </section>
  );
}
