import { Page } from "../components/page.tsx";
import { useMessages } from "../messages/messages.tsx";

export default function Settings() {
  const { settings } = useMessages();
  return <Page title={settings.title}>{null}</Page>;
}
