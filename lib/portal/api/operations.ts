/**
 * All operations of the API.
 *
 * @module
 */

import { administrationOperations } from "./administration.ts";
import type { Operation } from "./operation.ts";
import { subscriberOperations } from "./subscribers.ts";
import { viewingOperations } from "./viewing.ts";

/** The table. */
export const operations: readonly Operation[] = [
  ...viewingOperations,
  ...subscriberOperations,
  ...administrationOperations,
];
