import { Button } from "../components/button.tsx";
import { useMessages } from "../messages/messages.tsx";
import { useSurroundings } from "../surroundings.tsx";

export default function SignedOut() {
  const { shell } = useMessages();
  const { session } = useSurroundings();
  return (
    <main className="alone">
      <h1>{shell.signedOut.title}</h1>
      <Button kind="primary" onClick={() => void session.signIn("/")}>
        {shell.signedOut.signIn}
      </Button>
    </main>
  );
}
