/**
 * All operations of the API.
 *
 * @module
 */

import { administrationOperations } from "./administration.ts";
import type { Operation } from "./operation.ts";
import { ownAccountOperations } from "./own_account.ts";
import { subscriberOperations } from "./subscribers.ts";
import { userOperations } from "./users.ts";
import { viewingOperations } from "./viewing.ts";

/** The table. */
export const operations: readonly Operation[] = [
  ...viewingOperations,
  ...ownAccountOperations,
  ...subscriberOperations,
  ...userOperations,
  ...administrationOperations,
];
