/**
 * A portal in memory that browsers can visit, with all its pages.
 *
 * @module
 */

import { errorPage, registerPages } from "../../../lib/portal/pages/mod.ts";
import { TestPortal, type TestPortalOptions } from "./portal_fixture.ts";

/** See the module's page. */
export class ServedPortal implements AsyncDisposable {
  private constructor(
    readonly portal: TestPortal,
    readonly server: Deno.HttpServer<Deno.NetAddr>,
  ) {}

  static async open(options: TestPortalOptions = {}): Promise<ServedPortal> {
    const portal = await TestPortal.open({
      routes: [registerPages],
      errorPage,
      // Browsers take Secure cookies from there without TLS (Secure Contexts, section 3.1).
      hosts: ["localhost"],
      ...options,
    });
    const connection = {
      address: "127.0.0.1",
      httpVersion: "2",
      tlsVersion: "TLSv1.3",
      tlsCipher: "TLS_AES_256_GCM_SHA384",
    };
    const server = Deno.serve(
      { hostname: "127.0.0.1", port: 0, onListen: () => {} },
      (request) => portal.app.fetch(request, { connection }),
    );
    return new ServedPortal(portal, server);
  }

  /** Where it is, without a path. */
  get origin(): string {
    return `http://localhost:${this.server.addr.port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.server.shutdown();
    await this.portal[Symbol.asyncDispose]();
  }
}
