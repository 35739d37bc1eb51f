/**
 * What makes pages a little better than they are without: times in the visitor's own time zone, and
 * live regions, which are fetched anew as the server renders them.
 */

/** How often live regions are fetched, ms. */
const interval = 2000;

/**
 * Nobody has touched the page for so long, ms: it stays as it is, so that the session ends by
 * itself where somebody went away from an open page.
 */
const patience = 10 * 60_000;

let touchedAt = Date.now();
for (const kind of ["pointerdown", "pointermove", "keydown", "scroll", "focus"]) {
  addEventListener(kind, () => touchedAt = Date.now(), { passive: true, capture: true });
}

const dayFormat = new Intl.DateTimeFormat("sv", { dateStyle: "short" });
const momentFormat = new Intl.DateTimeFormat("sv", { dateStyle: "short", timeStyle: "medium" });

/** @param {ParentNode} root */
function showLocalTimes(root) {
  for (const element of root.querySelectorAll("time[datetime]")) {
    const date = new Date(element.dateTime);
    if (Number.isNaN(date.getTime())) continue;
    element.title = element.dateTime;
    element.textContent = ("day" in element.dataset ? dayFormat : momentFormat).format(date);
  }
}

/** Puts the new version of a region in place without taking the focus away. */
function replace(region, fresh) {
  if (region.querySelector("details[open]") !== null) return;
  showLocalTimes(fresh);
  const focused = region.contains(document.activeElement) ? document.activeElement : null;
  const again = focused === null || focused.id === "" ? null : fresh.querySelector(
    `#${CSS.escape(focused.id)}`,
  );
  // What has the focus and is still there must not move from under a key press.
  if (focused !== null && again === null && fresh.innerHTML === region.innerHTML) return;
  region.replaceChildren(...fresh.childNodes);
  again?.focus({ preventScroll: true });
}

async function refresh() {
  const regions = [...document.querySelectorAll("[data-live]")];
  const response = await fetch(location.href, { headers: { Accept: "text/html" } });
  // Logged out meanwhile: the page says so by itself.
  if (response.redirected) return location.reload();
  if (!response.ok) return;
  const parsed = new DOMParser().parseFromString(await response.text(), "text/html");
  for (const region of regions) {
    const fresh = parsed.getElementById(region.id);
    if (fresh !== null) replace(region, fresh);
  }
}

/** Once after the other, never two at a time, and only while somebody looks. */
async function keepFresh() {
  for (;;) {
    await new Promise((resolve) => setTimeout(resolve, interval));
    if (document.hidden || Date.now() - touchedAt > patience) continue;
    try {
      await refresh();
      document.documentElement.toggleAttribute("data-stale", false);
    } catch {
      // The server can't be reached now: what is shown is old, and the next try may succeed.
      document.documentElement.toggleAttribute("data-stale", true);
    }
  }
}

showLocalTimes(document);
if (document.querySelector("[data-live]") !== null) keepFresh();

for (const button of document.querySelectorAll("button[data-copy]")) {
  button.hidden = false;
  button.addEventListener("click", async () => {
    const source = document.getElementById(button.dataset.copy);
    await navigator.clipboard.writeText(source.textContent.trim());
    button.textContent = "Copied";
  });
}
