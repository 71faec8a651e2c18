import type { IncomingMessage, ServerResponse } from "node:http";
import { buffer } from "node:stream/consumers";
import { createHealth } from "@headroom/platform/health";
import { startHttpServer } from "@headroom/platform/http";
import type { Logger } from "@headroom/platform/log";
import PostalMime from "postal-mime";
import { SMTPServer, type SMTPServerDataStream, type SMTPServerSession } from "smtp-server";
import { allowLoopback, refusePublicName } from "../loopback.ts";
import { renderMailPage } from "./page.ts";
import { type MailStore, openMailStore } from "./store.ts";

export type CaptureOptions = {
  host: string;
  /** Where the captured mails are read. */
  httpPort: number;
  /** Where mails are sent to. */
  smtpPort: number;
  /** Keeps the mails. */
  directory: string;
  log: Logger;
};

export type MailCapture = { url: string; close: () => Promise<void> };

const capture = async (
  stream: SMTPServerDataStream,
  session: SMTPServerSession,
  store: MailStore,
): Promise<void> => {
  const mail = await PostalMime.parse(await buffer(stream));
  const sender = session.envelope.mailFrom;
  store.add(
    {
      from: sender === false ? "" : sender.address,
      to: session.envelope.rcptTo.map((recipient) => recipient.address).join(", "),
      subject: mail.subject ?? "",
      text: mail.text ?? "",
      html: mail.html ?? "",
    },
    new Date(),
  );
};

const startSmtp = (options: CaptureOptions, store: MailStore): Promise<SMTPServer> => {
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ["STARTTLS", "AUTH"],
    disableReverseLookup: true,
    onData: (stream, session, done) => {
      capture(stream, session, store).then(
        () => done(),
        (error: Error) => done(error),
      );
    },
  });
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(options.smtpPort, options.host, () => {
      server.off("error", reject);
      server.on("error", (error) => options.log.warn({ err: error }, "smtp connection failed"));
      resolve(server);
    });
  });
};

const messagesPath = "/messages";

/** A mail by its id, or all of them; undefined where the path names none. */
const found = (store: MailStore, path: string): unknown => {
  if (path === messagesPath) return store.list();
  return store.list().find(({ id }) => path === `${messagesPath}/${id}`);
};

const answer = (store: MailStore, request: IncomingMessage, response: ServerResponse): void => {
  const path = request.url?.split("?", 1)[0] ?? "";
  if (refusePublicName(request, response)) return;
  if (path.startsWith(messagesPath) && allowLoopback(request, response)) return;
  const isPage = request.method === "GET" && path === "/";
  const body = request.method === "GET" ? found(store, path) : undefined;
  response.writeHead(isPage || body !== undefined ? 200 : 404, {
    "content-type": isPage ? "text/html; charset=utf-8" : "application/json",
    "cache-control": "no-store",
    "content-security-policy": "script-src 'none'; object-src 'none'; form-action 'none'",
  });
  const nothing = { error: "not found; the mails are at /, /messages and /messages/{id}" };
  response.end(isPage ? renderMailPage(store.list()) : JSON.stringify(body ?? nothing));
};

/**
 * Takes every mail over SMTP and delivers none. `GET /` shows them, `GET /messages` lists them as JSON, oldest first,
 * `GET /messages/{id}` answers one.
 */
export const startMailCapture = async (options: CaptureOptions): Promise<MailCapture> => {
  const store = openMailStore(options.directory);
  const smtp = await startSmtp(options, store);
  const http = await startHttpServer({
    host: options.host,
    port: options.httpPort,
    health: createHealth({}),
    log: options.log,
    handle: ({ request, response }) => answer(store, request, response),
  });
  return {
    url: http.url,
    close: async () => {
      await new Promise<void>((resolve) => smtp.close(() => resolve()));
      await http.close();
    },
  };
};
