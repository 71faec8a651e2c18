import { Button } from "../components/button.tsx";
import { CopyButton } from "../components/copy-button.tsx";
import { Dialog } from "../components/dialog.tsx";
import { Banner } from "../components/states.tsx";
import { useMessages } from "../messages/messages.tsx";

export type Told = { title: string; secret: string | null };

/** A secret that is told this once. */
export function SecretDialog({ told, onClose }: { told: Told; onClose: () => void }) {
  const { secret: words } = useMessages().developers;
  return (
    <Dialog open onOpenChange={(open) => open || onClose()} title={told.title}>
      {told.secret === null ? (
        <Banner tone="warning">{words.gone}</Banner>
      ) : (
        <>
          <Banner tone="warning">{words.once}</Banner>
          <figure className="developers-secret">
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
