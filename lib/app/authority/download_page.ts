/**
 * The pages of a download link.
 *
 * @module
 */

const headers = {
  "Content-Type": "text/html; charset=utf-8",
  "Cache-Control": "no-store",
  "Referrer-Policy": "no-referrer",
  // Nothing but the form and the style below: no script, no picture, no frame around it.
  "Content-Security-Policy":
    "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'",
} as const;

const style =
  "body{font:1.1rem system-ui,sans-serif;max-width:32rem;margin:4rem auto;padding:0 1rem}" +
  "button{font:inherit;padding:.6rem 1.2rem}";

function page(title: string, body: string): string {
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta name="robots" content="noindex">
<title>${title}</title>
<style>${style}</style>
<h1>${title}</h1>
${body}
</html>
`;
}

/** A page that is sent. */
export interface Page {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** The link is good: a button takes the profile. */
export function downloadPage(): Page {
  return {
    status: 200,
    headers,
    body: page(
      "Your VPN profile",
      `<p>The profile holds your private key. It can be downloaded once, so do this on the device
that will use it, then open the file there with your OpenVPN client.</p>
<form method="post"><button>Download the profile</button></form>`,
    ),
  };
}

/** The link is used up, too old, or never was. */
export function endedPage(): Page {
  return {
    status: 404,
    headers,
    body: page(
      "This link is no longer good",
      `<p>A profile can be downloaded once, and for a limited time. If it was not you who downloaded
it, tell whoever sent you the link: the certificate has to be revoked. Otherwise ask for another
link.</p>`,
    ),
  };
}
