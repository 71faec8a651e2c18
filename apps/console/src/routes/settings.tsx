import "../styles/settings.css";
import { Page } from "../components/page.tsx";
import { useMessages } from "../messages/messages.tsx";
import { Endings } from "../organization-settings/endings.tsx";
import { Identity } from "../organization-settings/identity.tsx";
import { Practical } from "../organization-settings/practical.tsx";
import { RoleMatrix } from "../organization-settings/role.tsx";

export default function Settings() {
  const { settings } = useMessages();
  return (
    <Page title={settings.title}>
      <Identity />
      <Practical />
      <RoleMatrix />
      <Endings />
    </Page>
  );
}
