/**
 * Exit nodes and who uses them; access lists.
 *
 * @module
 */

import { html } from "hono/html";
import { audit } from "../audit.ts";
import type { PortalApplication, PortalContext, SessionCaller } from "../environment.ts";
import { requireAdmin, sessionOf } from "../guards.ts";
import type { PortalParts } from "../parts.ts";
import { revisionOf } from "../revision.ts";
import { type AccessList, type ExitNode, PortalError } from "../service.ts";
import {
  attempt,
  choice,
  described,
  field,
  type FormProblem,
  identifier,
  notes,
  sent,
} from "./form.ts";
import { csrfInput, type Html, page } from "./layout.ts";
import { badge, table } from "./parts.ts";

/** What was sent, and what is wrong with it. */
export interface NetworkForm {
  readonly exit?: { readonly client: string; readonly problem: FormProblem };
  readonly list?: { readonly name: string; readonly rules: string; readonly problem: FormProblem };
}

const notices: Readonly<Record<string, string>> = {
  exit: "The exit node is chosen: it counts at once.",
  list: "The access list is saved: it counts at once.",
};

/** Registers the page and what it does. */
export function registerNetwork(app: PortalApplication, parts: PortalParts): void {
  const { service } = parts;
  const show = async (context: PortalContext, form: NetworkForm) => {
    const caller = sessionOf(context);
    const notice = notices[context.req.query("done") ?? ""];
    const subscribers = await service.subscribers();
    return context.html(
      page(
        { title: "Network", current: "/network", caller, ...notice !== undefined && { notice } },
        networkContent(
          {
            exitNodes: service.exitNodes(),
            lists: await service.accessLists(),
            clients: subscribers.map(({ name }) => name),
          },
          caller,
          form,
        ),
      ),
      form.exit?.problem.status ?? form.list?.problem.status ?? 200,
    );
  };
  app.get("/network", requireAdmin, (context) => show(context, {}));
  app.post("/network/exit", requireAdmin, async (context) => {
    const client = (await sent(context, "client")).trim();
    const exitNode = await sent(context, "exit");
    const problem = await attempt(
      parts.changes,
      () => service.assignExitNode(client, exitNode === "" ? undefined : exitNode),
    );
    if (problem !== undefined) return await show(context, { exit: { client, problem } });
    audit(context, parts, `set the exit node of ${client} to ${exitNode || "none"}`);
    return context.redirect("/network?done=exit", 303);
  });
  app.post("/network/access", requireAdmin, async (context) => {
    const name = (await sent(context, "name")).trim();
    const rules = await sent(context, "rules");
    const revision = await sent(context, "revision");
    const problem = await attempt(parts.changes, async () => {
      const current = (await service.accessLists()).find((list) => list.name === name);
      if (revision !== revisionOf(current?.rules ?? [])) {
        throw new PortalError(
          "conflict",
          "somebody else has changed this list meanwhile",
          "compare with the rules that are in force, and save again",
        );
      }
      await service.setAccessList(name, linesOf(rules));
    });
    if (problem !== undefined) return await show(context, { list: { name, rules, problem } });
    audit(context, parts, `changed the access list of ${name}`);
    return context.redirect("/network?done=list", 303);
  });
}

function linesOf(text: string): string[] {
  return text.split(/\r?\n/).map((line) => line.trim()).filter((line) => line !== "");
}

/** What the page shows. */
export interface NetworkState {
  readonly exitNodes: readonly ExitNode[];
  readonly lists: readonly AccessList[];
  /** Names that can be chosen. */
  readonly clients: readonly string[];
}

/** The page's content. */
export function networkContent(
  { exitNodes, lists, clients }: NetworkState,
  caller: SessionCaller,
  form: NetworkForm = {},
): Html {
  const others = form.list !== undefined && !lists.some(({ name }) => name === form.list?.name);
  return html`<section class="panel" aria-labelledby="exit-title">
<h2 id="exit-title">Exit nodes</h2>
${exitNodeTable(exitNodes)}
${exitNodes.length === 0 ? "" : exitForm(exitNodes, clients, caller, form)}
</section>
<section class="panel" aria-labelledby="access-title">
<h2 id="access-title">Access lists</h2>
<p class="quiet">Who may reach what through the tunnel, a rule per line; the first that fits decides.
As <code>allow 10.0.0.0/8 tcp/443</code>. The list “default” is for those without one of their own.</p>
${
    lists.length === 0
      ? html`<p class="empty">There is no access list: everybody may reach everything.</p>`
      : ""
  }
<div class="columns">${lists.map((list) => listForm(list, caller, form))}</div>
</section>
<section class="panel" aria-labelledby="new-title">
<h2 id="new-title">New access list</h2>
${newListForm(caller, others ? form : {})}
</section>`;
}

function exitNodeTable(exitNodes: readonly ExitNode[]): Html {
  return table<ExitNode>(
    "Exit nodes",
    [
      { title: "Name", cell: ({ name }) => html`<strong>${name}</strong>` },
      {
        title: "State",
        cell: ({ connected }) => connected ? badge("good", "connected") : badge("warning", "away"),
      },
      {
        title: "Used by",
        cell: ({ clients }) =>
          clients.length === 0
            ? "nobody"
            : clients.map((name) => name === "*" ? "all others" : name).join(", "),
      },
    ],
    exitNodes,
    "There is no exit node: clients reach the Internet on their own.",
  );
}

function exitForm(
  exitNodes: readonly ExitNode[],
  clients: readonly string[],
  caller: SessionCaller,
  { exit }: NetworkForm,
): Html {
  return html`<form method="post" action="/network/exit">${csrfInput(caller)}
<datalist id="clients">${clients.map((name) => html`<option value="${name}"></option>`)}</datalist>
<div class="row">
${
    field({
      name: "client",
      label: "Client",
      required: true,
      maximumLength: 64,
      list: "clients",
      ...exit !== undefined && { value: exit.client, error: exit.problem.message, focus: true },
    })
  }
${
    choice({
      name: "exit",
      label: "Goes to the Internet by",
      options: [
        ["", "the server's own choice"],
        ...exitNodes.map(({ name }) => [name, name] as const),
      ],
    })
  }
<button>Choose</button>
</div></form>`;
}

function listForm({ name, rules }: AccessList, caller: SessionCaller, form: NetworkForm): Html {
  const edited = form.list?.name === name ? form.list : undefined;
  return html`<form method="post" action="/network/access">${csrfInput(caller)}
<input type="hidden" name="name" value="${name}">
<input type="hidden" name="revision" value="${revisionOf(rules)}">
${rulesField(name, edited?.rules ?? rules.join("\n"), edited?.problem)}
${
    edited?.problem.status === 409
      ? html`
        <div>
          <p class="hint">In force now:</p>
          <pre>${rules.join("\n")}</pre>
        </div>
      `
      : ""
  }
<div class="buttons"><button class="plain" aria-label="Save the list ${name}">Save</button></div>
</form>`;
}

function rulesField(name: string, rules: string, problem?: FormProblem): Html {
  const id = identifier("rules", name);
  const error = problem === undefined ? {} : { error: problem.message };
  // The parser drops a line end after the tag: one more keeps rules that begin with one.
  return html`<div class="field">
<label for="${id}">${name === "" ? "Rules" : name}</label>
${notes(id, error)}
<textarea id="${id}" name="rules" spellcheck="false" rows="5"${described(id, error)}>
${rules}</textarea>
</div>`;
}

function newListForm(caller: SessionCaller, { list }: NetworkForm): Html {
  return html`<form method="post" action="/network/access">${csrfInput(caller)}
<input type="hidden" name="revision" value="${revisionOf([])}">
${
    field({
      name: "name",
      label: "Client",
      scope: "new",
      required: true,
      maximumLength: 64,
      hint: "The name in its certificate, or “default”.",
      ...list !== undefined && { value: list.name },
    })
  }
${rulesField("", list?.rules ?? "", list?.problem)}
<div class="buttons"><button class="plain">Add the list</button></div>
</form>`;
}
