/**
 * Where an authority answers over HTTP, and the extensions of its certificates that say so.
 *
 * @module
 */

import { Constructed, ObjectIdentifier, Primitive, Sequence } from "asn1js";
import { Extension } from "pkijs";
import { ExtensionType } from "./extensions.ts";
import { authorityPaths } from "./authority_paths.ts";

// RFC 5280 section 4.2.2.1.
const OCSP_METHOD = "1.3.6.1.5.5.7.48.1";
const CA_ISSUERS_METHOD = "1.3.6.1.5.5.7.48.2";

/** CRL distribution point, OCSP responder and the authority's certificate, below `url`. */
export function authorityAddresses(url: string): Extension[] {
  const location = (path: string) => uri(`${url}${path}`);
  const access = (method: string, path: string) =>
    new Sequence({ value: [new ObjectIdentifier({ value: method }), location(path)] });
  const point = new Sequence({
    // DistributionPoint → distributionPoint [0] → fullName [0] → GeneralName.
    value: [context(0, [context(0, [location(authorityPaths.revocationListDer)])])],
  });
  return [
    new Extension({
      extnID: ExtensionType.CRL_DISTRIBUTION_POINTS,
      extnValue: new Sequence({ value: [point] }).toBER(),
    }),
    new Extension({
      extnID: ExtensionType.AUTHORITY_INFORMATION_ACCESS,
      extnValue: new Sequence({
        value: [
          access(OCSP_METHOD, authorityPaths.ocsp),
          access(CA_ISSUERS_METHOD, authorityPaths.certificateDer),
        ],
      }).toBER(),
    }),
  ];
}

function context(tagNumber: number, value: (Constructed | Primitive)[]): Constructed {
  return new Constructed({ idBlock: { tagClass: 3, tagNumber }, value });
}

/** `uniformResourceIdentifier [6] IA5String`. */
function uri(text: string): Primitive {
  const valueHex = new TextEncoder().encode(text).buffer;
  return new Primitive({ idBlock: { tagClass: 3, tagNumber: 6 }, valueHex });
}
