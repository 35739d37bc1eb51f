/**
 * A client's addresses as a step of its admission.
 *
 * @module
 */

import { errorLine } from "../../base/errors.ts";
import { AdmissionRefusal, type AdmissionStep, type Candidate } from "../server/admission.ts";
import type { AddressBook } from "./address_book.ts";

/** Gives the client addresses until it leaves. */
export function addressStep(book: AddressBook): AdmissionStep {
  return {
    name: "addresses",
    take: (candidate) => {
      candidate.atEnd(() => candidate.settings.releaseAddresses());
      assignAddresses(book, candidate);
    },
  };
}

/**
 * Gives the client the addresses that its options name by now; what it had before goes back.
 *
 * @throws {AdmissionRefusal} when there are none left, or they are not allowed.
 */
export function assignAddresses(book: AddressBook, candidate: Candidate): void {
  const { settings } = candidate;
  settings.releaseAddresses();
  settings.releaseAddresses = () => {};
  try {
    const { addresses, release } = book.take(candidate.commonName, settings.push);
    settings.addresses = addresses;
    settings.releaseAddresses = release;
  } catch (error) {
    throw new AdmissionRefusal(errorLine(error), "the server takes no further client");
  }
}
