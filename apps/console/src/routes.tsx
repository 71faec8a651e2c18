import { lazy, Suspense } from "react";
import { Route, Switch } from "wouter";
import { Loading } from "./components/states.tsx";
import { HomeShell } from "./shell/home-shell.tsx";
import { OrganizationShell } from "./shell/organization-shell.tsx";
import { Billing, Start } from "./shell/start.tsx";
import { useTopOfPage } from "./shell/top-of-page.ts";
import { UnknownPage } from "./shell/unknown-page.tsx";
import { useSurroundings } from "./surroundings.tsx";

// Each page is loaded when it is first opened.
const Usage = lazy(() => import("./routes/usage.tsx"));
const Members = lazy(() => import("./routes/members.tsx"));
const Plan = lazy(() => import("./routes/plan.tsx"));
const Limits = lazy(() => import("./routes/limits.tsx"));
const Invoices = lazy(() => import("./routes/invoices.tsx"));
const Developers = lazy(() => import("./routes/developers.tsx"));
const Audit = lazy(() => import("./routes/audit.tsx"));
const Settings = lazy(() => import("./routes/settings.tsx"));
const AcceptInvite = lazy(() => import("./routes/accept-invite.tsx"));
const Operator = lazy(() => import("./routes/operator.tsx"));
const OperatorOrganization = lazy(() => import("./routes/operator-organization.tsx"));
const Sandbox = lazy(() => import("./routes/sandbox.tsx"));

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
