import { useQuery } from "@tanstack/react-query";
import { DropdownMenu } from "radix-ui";
import { useState } from "react";
import { useTRPC } from "../api.ts";
import { ChevronsUpDown } from "../components/icons.tsx";
import { useMessages } from "../messages/messages.tsx";
import { chooseLanguage, chooseTheme, type Language, preferredTheme, type Theme } from "../preferences.ts";
import { useSurroundings } from "../surroundings.tsx";

const languages: Readonly<Record<Language, string>> = { en: "English", de: "Deutsch" };
const themes: readonly Theme[] = ["system", "light", "dark"];

/** Who is signed in, how the console looks and speaks, and the way out. */
export function AccountMenu() {
  const { shell } = useMessages();
  const { session } = useSurroundings();
  const { data: me } = useQuery(useTRPC().me.get.queryOptions());
  const user = me?.kind === "user" ? me.user : null;
  const again = () => void session.signIn("/", { asAnother: true });
  return (
    <DropdownMenu.Root>
      <DropdownMenu.Trigger className="account">
        <span className="hr-hidden">{shell.account.label}</span>
        <span className="initials" aria-hidden>
          {initialsOf(user?.name ?? user?.email ?? "")}
        </span>
        <span className="who">
          <span>{user?.name ?? user?.email}</span>
          <span className="hr-muted small">{user?.email}</span>
        </span>
        <ChevronsUpDown size={16} />
      </DropdownMenu.Trigger>
      <DropdownMenu.Portal>
        <DropdownMenu.Content className="menu" align="start" side="top" sideOffset={8}>
          <ThemeChoice />
          <DropdownMenu.Separator />
          <LanguageChoice />
          <DropdownMenu.Separator />
          <DropdownMenu.Item onSelect={again}>{shell.account.switchUser}</DropdownMenu.Item>
          <DropdownMenu.Item onSelect={() => void session.signOut()}>
            {shell.account.signOut}
          </DropdownMenu.Item>
        </DropdownMenu.Content>
      </DropdownMenu.Portal>
    </DropdownMenu.Root>
  );
}

function ThemeChoice() {
  const { shell } = useMessages();
  const [theme, setTheme] = useState(preferredTheme);
  const choose = (value: string) => {
    const chosen = themes.find((candidate) => candidate === value) ?? "system";
    chooseTheme(chosen);
    setTheme(chosen);
  };
  return (
    <DropdownMenu.RadioGroup value={theme} onValueChange={choose}>
      <DropdownMenu.Label>{shell.account.theme}</DropdownMenu.Label>
      {themes.map((value) => (
        <DropdownMenu.RadioItem key={value} value={value}>
          {shell.account.themes[value]}
        </DropdownMenu.RadioItem>
      ))}
    </DropdownMenu.RadioGroup>
  );
}

function LanguageChoice() {
  const { shell } = useMessages();
  const { language } = useSurroundings();
  const choose = (value: string) => {
    chooseLanguage(value === "de" ? "de" : "en");
    window.location.reload();
  };
  return (
    <DropdownMenu.RadioGroup value={language} onValueChange={choose}>
      <DropdownMenu.Label>{shell.account.language}</DropdownMenu.Label>
      {Object.entries(languages).map(([tag, name]) => (
        <DropdownMenu.RadioItem key={tag} value={tag} lang={tag}>
          {name}
        </DropdownMenu.RadioItem>
      ))}
    </DropdownMenu.RadioGroup>
  );
}

/** Of the first two words: `Ada Lovelace (operator)` is `AL`. */
function initialsOf(name: string): string {
  const [first = "", second = ""] = name.match(/\p{L}+/gu) ?? [];
  return `${first.slice(0, 1)}${second.slice(0, 1)}`.toUpperCase();
}
