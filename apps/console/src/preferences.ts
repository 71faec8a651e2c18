/** What a person chose in this browser. */
export type Theme = "system" | "light" | "dark";
export type Language = "en" | "de";

const languages: readonly Language[] = ["en", "de"];
const themes: readonly Theme[] = ["system", "light", "dark"];
const languageKey = "headroom.language";
const themeKey = "headroom.theme";

/** The language chosen, else the first of the browser's that the console speaks. */
export function preferredLanguage(): Language {
  const spoken = navigator.languages.map((tag) => tag.split("-")[0]);
  const wanted = [window.localStorage.getItem(languageKey), ...spoken];
  return wanted.map((tag) => languages.find((language) => language === tag)).find(Boolean) ?? "en";
}

/** The locale that numbers and dates are written in: the browser's own variant of the language where it has one. */
export function localeOf(language: Language): string {
  return navigator.languages.find((tag) => tag.split("-")[0] === language && isLocale(tag)) ?? language;
}

/** Some browsers name a locale of the system, such as `en-US@posix`, that Intl does not take. */
function isLocale(tag: string): boolean {
  try {
    return Intl.getCanonicalLocales(tag).length === 1;
  } catch {
    return false;
  }
}

export function chooseLanguage(language: Language): void {
  window.localStorage.setItem(languageKey, language);
}

export function preferredTheme(): Theme {
  return themes.find((theme) => theme === window.localStorage.getItem(themeKey)) ?? "system";
}

/** Shows the theme and remembers it. */
export function chooseTheme(theme: Theme): void {
  window.localStorage.setItem(themeKey, theme);
  showTheme(theme);
}

export function showTheme(theme: Theme): void {
  document.documentElement.style.colorScheme = theme === "system" ? "" : theme;
}
