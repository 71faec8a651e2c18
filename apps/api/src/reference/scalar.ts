/** Everything of the page comes from us; the reference writes its styles into the page itself. */
export const scalarPolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data: blob:",
  "font-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join("; ");

/** The page of the reference. It loads `scalar.js` and then `start.js`. */
export const scalarPage = `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <meta name="color-scheme" content="light dark">
    <title>Headroom API reference</title>
    <link rel="icon" href="data:,">
  </head>
  <body>
    <noscript>
      <p>The reference is drawn by a script. Without one: <a href="/openapi.json">the OpenAPI document</a>
      and <a href="/docs/guide">the guide</a>.</p>
    </noscript>
    <div id="app"></div>
    <script src="/docs/scalar.js"></script>
    <script src="/docs/start.js"></script>
  </body>
</html>
`;

/** The script that starts the reference; `key` is what calls from the page are made with. */
export function startScript(key: string | null): string {
  const configuration = {
    url: "/openapi.json",
    title: "Headroom",
    // Nothing is asked of or told to another host.
    withDefaultFonts: false,
    telemetry: false,
    agent: { disabled: true, hideAddApi: true },
    mcp: { disabled: true },
    hideClientButton: true,
    showDeveloperTools: "never",
    documentDownloadType: "json",
    persistAuth: false,
    defaultHttpClient: { targetKey: "shell", clientKey: "curl" },
    authentication: {
      preferredSecurityScheme: "apiKey",
      securitySchemes: key === null ? {} : { apiKey: { token: key } },
    },
    customCss: style,
  };
  return `Scalar.createApiReference("#app", ${JSON.stringify(configuration)});\n`;
}

/** Fonts of the reader's own machine, and colours that can be told from what they stand on. */
const style = `:root {
  --scalar-font: system-ui, sans-serif;
  --scalar-font-code: ui-monospace, SFMono-Regular, Menlo, Consolas, monospace;
}
.light-mode {
  --scalar-color-3: #666b70;
  --scalar-color-green: #00704a;
  --scalar-color-yellow: #7d5700;
  --scalar-color-orange: #b03a00;
  --scalar-color-red: #c40000;
  --scalar-color-blue: #0b57c2;
  --scalar-color-purple: #6b3fa0;
}
.dark-mode {
  --scalar-color-3: #949494;
  --scalar-color-red: #ff6b6b;
}`;

type Reply = { header(name: string, value: string): Reply; send(content: string): Reply };
type Route = { url: string; handler(request: null, reply: Reply): unknown };

/**
 * The script of Scalar for browsers. The package has it only inside its Fastify plugin, so the plugin registers its
 * routes with a recorder, and the one that sends the script is asked for it.
 * @throws Error when the package has no such route any more
 */
export async function readScalarScript(): Promise<string> {
  const { default: plugin } = await import("@scalar/fastify-api-reference");
  const routes: Route[] = [];
  const recorder = { route: (route: Route) => routes.push(route), hasPlugin: () => false };
  const register = plugin as unknown as (fastify: typeof recorder, options: object, done: () => void) => void;
  register(recorder, { routePrefix: "/docs", configuration: { url: "/openapi.json" } }, () => {});
  const route = routes.find(({ url }) => url.endsWith(".js"));
  let script = "";
  const reply: Reply = {
    header: () => reply,
    send(content) {
      script = content;
      return reply;
    },
  };
  route?.handler(null, reply);
  if (script === "") throw new Error("@scalar/fastify-api-reference has no script to send");
  return script;
}
