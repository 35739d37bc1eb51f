/**
 * What the portal's application is made of.
 *
 * @module
 */

import type { ContentfulStatusCode } from "hono/utils/http-status";
import type { Log } from "../base/log.ts";
import type { PortalAccess } from "./access.ts";
import type { PortalAccounts } from "./accounts.ts";
import type { ApiTokens } from "./api_tokens.ts";
import type { PortalApplication, PortalContext } from "./environment.ts";
import type { HostNames } from "./host_names.ts";
import type { ChangeQueue } from "./revision.ts";
import type { PortalService } from "./service.ts";

/** Registers routes with the portal's application. */
export type PortalRoute = (app: PortalApplication, parts: PortalParts) => void;

/** See the module's page. */
export interface PortalParts {
  readonly service: PortalService;
  readonly access: PortalAccess;
  /** The same users, for changing them. */
  readonly accounts: PortalAccounts;
  readonly tokens: ApiTokens;
  /** The names that it may be called by. */
  readonly hosts: HostNames;
  /** Who did what. */
  readonly log: Log;
  /** In which all changes are made. */
  readonly changes: ChangeQueue;
  /** A line about a request that was refused: anybody can cause it, so it is bounded. */
  readonly refused: (line: () => string) => void;
  /** Answers what programs ask that know no sessions: OCSP, lists, download links. */
  readonly open?: (context: PortalContext) => Promise<Response | undefined>;
  /** Registers routes besides the API's: pages, metrics. */
  readonly routes?: readonly PortalRoute[];
  /** Answers with a page where a browser asks; absent: with text. */
  readonly errorPage?: (
    context: PortalContext,
    status: ContentfulStatusCode,
    message: string,
  ) => Response | Promise<Response>;
}
