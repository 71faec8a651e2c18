import { isHeadroomError } from "@headroom/client";
import { Button } from "../components/button.tsx";
import { useMessages } from "../messages/messages.tsx";
import { PortalButton } from "./portal-button.tsx";
import { refusalOf } from "./refusals.ts";

/** That a change of plan or payment failed, why, and the way to mend it. */
export function BillingFailure({ error, onRetry }: { error: unknown; onRetry?: () => void }) {
  const messages = useMessages();
  const { text, isAboutPayment } = refusalOf(messages, error);
  const requestId = isHeadroomError(error) ? (error.data as { requestId?: unknown }).requestId : null;
  return (
    <div className="banner" data-tone="danger" role="alert">
      <div>
        <p>{text}</p>
        {typeof requestId === "string" ? (
          <p className="small">{messages.common.requestId(requestId)}</p>
        ) : null}
      </div>
      {isAboutPayment ? <PortalButton /> : null}
      {onRetry === undefined ? null : <Button onClick={onRetry}>{messages.common.tryAgain}</Button>}
    </div>
  );
}
