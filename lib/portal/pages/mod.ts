/**
 * All pages of the portal.
 *
 * @module
 */

import { registerAssets } from "../assets.ts";
import type { PortalApplication } from "../environment.ts";
import type { PortalParts } from "../parts.ts";
import { registerAccess } from "./access.ts";
import { registerAccount } from "./account.ts";
import { registerInvitation } from "./invitation.ts";
import { registerLog } from "./log.ts";
import { registerLogin } from "./login.ts";
import { registerNetwork } from "./network.ts";
import { registerOverview } from "./overview.ts";
import { registerOwn } from "./own.ts";
import { registerProtection } from "./protection.ts";
import { registerSessions } from "./sessions.ts";
import { registerSettings } from "./settings.ts";
import { registerSetup } from "./setup.ts";
import { registerSubscriber } from "./subscriber.ts";
import { registerSubscribers } from "./subscribers.ts";
import { registerUser } from "./user.ts";
import { registerUsers } from "./users.ts";

export { errorPage } from "./error.ts";

/** Registers them and what they ask for. */
export function registerPages(app: PortalApplication, parts: PortalParts): void {
  registerAssets(app);
  registerSetup(app, parts);
  registerInvitation(app, parts);
  registerLogin(app, parts);
  registerOverview(app, parts);
  registerOwn(app, parts);
  registerSessions(app, parts);
  registerSubscribers(app, parts);
  registerSubscriber(app, parts);
  registerUsers(app, parts);
  registerUser(app, parts);
  registerAccount(app, parts);
  registerNetwork(app, parts);
  registerLog(app, parts);
  registerAccess(app, parts);
  registerSettings(app, parts);
  registerProtection(app, parts);
}
