import { Link } from "wouter";
import { Page } from "../components/page.tsx";
import { useMessages } from "../messages/messages.tsx";

export function UnknownPage() {
  const { shell } = useMessages();
  return (
    <Page title={shell.unknownPage.title} text={shell.unknownPage.text}>
      <Link className="hr-button" data-kind="primary" href="~/">
        {shell.unknownPage.back}
      </Link>
    </Page>
  );
}
