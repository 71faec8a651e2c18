import { DropdownMenu } from "radix-ui";
import type { ReactNode } from "react";
import { Link, useRoute } from "wouter";
import {
  ChartColumn,
  Code,
  CreditCard,
  Ellipsis,
  FlaskConical,
  Gauge,
  type Icon,
  ReceiptText,
  ScrollText,
  Settings,
  ShieldCheck,
  Users,
} from "../components/icons.tsx";
import { useMessages } from "../messages/messages.tsx";
import type { Messages } from "../messages/shape.ts";
import { type Organization, pageOf } from "../organization.tsx";
import { useSurroundings } from "../surroundings.tsx";
import { AccountMenu } from "./account-menu.tsx";
import { useIsOperator } from "./operators.ts";
import { OrganizationSwitcher } from "./organization-switcher.tsx";

type PageName = keyof Messages["shell"]["pages"];
type Place = { page: PageName; href: string; icon: Icon };

const ofOrganization: readonly (readonly [PageName, Icon])[] = [
  ["usage", ChartColumn],
  ["members", Users],
  ["plan", CreditCard],
  ["invoices", ReceiptText],
  ["limits", Gauge],
  ["developers", Code],
  ["audit", ScrollText],
  ["settings", Settings],
];

/** On a phone these stand in the bar, the others behind "More". */
const inBar: readonly PageName[] = ["usage", "members", "plan", "invoices"];

/** The frame of every page: the rail on the left, on a phone a bar at the foot. */
export function Shell({ organization, children }: { organization?: Organization; children: ReactNode }) {
  const { shell } = useMessages();
  const places = usePlaces(organization);
  const behind = organization === undefined ? [] : places.filter(({ page }) => !inBar.includes(page));
  return (
    <div className="shell">
      <a className="skip" href="#content">
        {shell.skipToContent}
      </a>
      <div className="rail">
        <OrganizationSwitcher organization={organization ?? null} />
        <nav aria-label={shell.mainNavigation}>
          <ul>
            {places.map((place) => (
              <li key={place.page} data-behind={behind.includes(place) || undefined}>
                <PlaceLink place={place} />
              </li>
            ))}
            {behind.length === 0 ? null : (
              <li className="more">
                <MorePages places={behind} />
              </li>
            )}
          </ul>
        </nav>
        <AccountMenu />
      </div>
      <main id="content" tabIndex={-1}>
        {children}
      </main>
    </div>
  );
}

function usePlaces(organization: Organization | undefined): Place[] {
  const { settings } = useSurroundings();
  const isOperator = useIsOperator();
  const own = organization === undefined ? [] : ofOrganization;
  return [
    ...own.map(([page, icon]) => ({ page, icon, href: `~${pageOf(organization?.slug ?? "", page)}` })),
    ...(isOperator ? [{ page: "operator" as const, icon: ShieldCheck, href: "~/operator" }] : []),
    ...(settings.development === null
      ? []
      : [{ page: "sandbox" as const, icon: FlaskConical, href: "~/sandbox" }]),
  ];
}

function PlaceLink({ place: { page, href, icon: Icon } }: { place: Place }) {
  const { shell } = useMessages();
  const [isHere] = useRoute(`${href}/*?`);
  return (
    <Link href={href} aria-current={isHere ? "page" : undefined}>
      <Icon size={20} />
      {shell.pages[page]}
    </Link>
  );
}

function MorePages({ places }: { places: readonly Place[] }) {
  const { shell } = useMessages();
  return (
    <DropdownMenu.Root>
      <DropdownMenu.Trigger className="place">
        <Ellipsis size={20} />
        {shell.more}
      </DropdownMenu.Trigger>
      <DropdownMenu.Portal>
        <DropdownMenu.Content className="menu" align="end" sideOffset={8}>
          {places.map(({ page, href, icon: Icon }) => (
            <DropdownMenu.Item key={page} asChild>
              <Link href={href}>
                <Icon size={18} />
                {shell.pages[page]}
              </Link>
            </DropdownMenu.Item>
          ))}
        </DropdownMenu.Content>
      </DropdownMenu.Portal>
    </DropdownMenu.Root>
  );
}
