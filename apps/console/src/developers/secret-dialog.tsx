import { useRef, useState } from "react";
import { Button } from "../components/button.tsx";
import { CopyButton } from "../components/copy-button.tsx";
import { Dialog } from "../components/dialog.tsx";
import { useFocusWithin } from "../components/focus.ts";
import { Banner } from "../components/states.tsx";
import { useToolMessages } from "../messages/tool-messages.tsx";

export type Told = { title: string; secret: string | null };

/** A secret that is told this once. */
function SecretDialog({ told, onClose }: { told: Told; onClose: () => void }) {
  const { secret: words } = useToolMessages().developers;
  const shown = useRef<HTMLElement>(null);
  useFocusWithin(shown, "button");
  return (
    <Dialog open onOpenChange={(open) => open || onClose()} title={told.title}>
      {told.secret === null ? (
        <Banner tone="warning">{words.gone}</Banner>
      ) : (
        <>
          <Banner tone="warning">{words.once}</Banner>
          <figure ref={shown} className="developers-secret">
            <figcaption className="small hr-muted">{words.label}</figcaption>
            <code>{told.secret}</code>
            <CopyButton text={told.secret} label={words.copy} />
          </figure>
        </>
      )}
      <footer>
        <Button kind="primary" onClick={onClose}>
          {words.done}
        </Button>
      </footer>
    </Dialog>
  );
}

/** Tells a secret after the dialog that made it, and then brings the focus back to what had opened that one. */
export function useTold() {
  const [told, setTold] = useState<Told | null>(null);
  const opener = useRef<Element | null>(null);
  const close = () => {
    setTold(null);
    // After the dialog, which would give the focus back to a button that is gone.
    requestAnimationFrame(() =>
      setTimeout(() => {
        if (opener.current instanceof HTMLElement) opener.current.focus();
      }),
    );
  };
  return {
    /** To be called where the first dialog is opened. */
    remember: () => {
      opener.current = document.activeElement;
    },
    tell: setTold,
    dialog: told === null ? null : <SecretDialog told={told} onClose={close} />,
  };
}
