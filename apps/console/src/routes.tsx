import { Suspense } from "react";
import { Route, Switch } from "wouter";
import { Loading } from "./components/states.tsx";
import { HomeShell } from "./shell/home-shell.tsx";
import { OrganizationShell } from "./shell/organization-shell.tsx";
import { lazyPart } from "./shell/part-loading.tsx";
import { Billing, Start } from "./shell/start.tsx";
import { useTopOfPage } from "./shell/top-of-page.ts";
import { UnknownPage } from "./shell/unknown-page.tsx";
import { useSurroundings } from "./surroundings.tsx";

// Each page is loaded when it is first opened.
const Usage = lazyPart(() => import("./routes/usage.tsx"));
const Members = lazyPart(() => import("./routes/members.tsx"));
const Plan = lazyPart(() => import("./routes/plan.tsx"));
const Limits = lazyPart(() => import("./routes/limits.tsx"));
const Invoices = lazyPart(() => import("./routes/invoices.tsx"));
const Developers = lazyPart(() => import("./routes/developers.tsx"));
const Audit = lazyPart(() => import("./routes/audit.tsx"));
const Settings = lazyPart(() => import("./routes/settings.tsx"));
const AcceptInvite = lazyPart(() => import("./routes/accept-invite.tsx"));
const Operator = lazyPart(() => import("./routes/operator.tsx"));
const OperatorOrganization = lazyPart(() => import("./routes/operator-organization.tsx"));
const Sandbox = lazyPart(() => import("./routes/sandbox.tsx"));

/** Every address of the console. */
export function Routes() {
  const { settings } = useSurroundings();
  useTopOfPage();
  return (
    <Suspense fallback={<Loading />}>
      <Switch>
        <Route path="/invites/accept" component={AcceptInvite} />
        <Route path="/" component={Start} />
        <Route path="/billing" component={Billing} />
        <Route path="/organizations/:slug" nest>
          <OrganizationShell>
            <Suspense fallback={<Loading />}>
              <Switch>
                <Route path="/usage" component={Usage} />
                <Route path="/members" component={Members} />
                <Route path="/plan" component={Plan} />
                <Route path="/limits" component={Limits} />
                <Route path="/invoices" component={Invoices} />
                <Route path="/developers" component={Developers} />
                <Route path="/audit" component={Audit} />
                <Route path="/settings" component={Settings} />
                <Route component={UnknownPage} />
              </Switch>
            </Suspense>
          </OrganizationShell>
        </Route>
        <Route>
          <HomeShell>
            <Suspense fallback={<Loading />}>
              <Switch>
                <Route path="/operator" component={Operator} />
                <Route path="/operator/organizations/:organizationId" component={OperatorOrganization} />
                {settings.development === null ? null : <Route path="/sandbox" component={Sandbox} />}
                <Route component={UnknownPage} />
              </Switch>
            </Suspense>
          </HomeShell>
        </Route>
      </Switch>
    </Suspense>
  );
}
