import { useEffect, useState } from "react";
import { useMessages } from "../messages/messages.tsx";
import { Button } from "./button.tsx";
import { Check, Copy } from "./icons.tsx";

const shownMs = 2_000;

/** Puts the text on the clipboard, and says that it is there. `about`: of what, where several stand on a page. */
export function CopyButton({ text, label, about }: { text: string; label?: string; about?: string }) {
  const { common } = useMessages();
  const [copied, setCopied] = useState(false);
  useEffect(() => {
    if (!copied) return;
    const timer = setTimeout(() => setCopied(false), shownMs);
    return () => clearTimeout(timer);
  }, [copied]);
  const copy = () => void navigator.clipboard.writeText(text).then(() => setCopied(true));
  return (
    <Button onClick={copy}>
      {copied ? <Check size={16} /> : <Copy size={16} />}
      <span aria-live="polite">{copied ? common.copied : (label ?? common.copy)}</span>
      {about === undefined ? null : <span className="hr-hidden">{about}</span>}
    </Button>
  );
}
