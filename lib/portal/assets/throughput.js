/** The live plot of the throughput, in place of the drawing that the server made. */

/** How often it is fetched, ms. */
const interval = 2000;

/** What the plot spans, s. */
const span = 3600;

const figure = document.getElementById("throughput");
const height = 220;

const clock = new Intl.DateTimeFormat("sv", { hour: "2-digit", minute: "2-digit" });

const property = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

/** Bits per second with a unit, as the pages write it. */
function formatRate(bits) {
  const units = ["", "k", "M", "G", "T"];
  let power = 0;
  let rest = bits;
  while (rest >= 999.5 && power < units.length - 1) {
    rest /= 1000;
    power++;
  }
  return `${rest.toFixed(power === 0 || rest >= 99.95 ? 0 : 1)} ${units[power]}bit/s`;
}

async function samples() {
  const response = await fetch(figure.dataset.source, { headers: { Accept: "application/json" } });
  if (!response.ok) throw new Error(`status ${response.status}`);
  const { time, received, sent } = await response.json();
  const bits = (rates) => rates.map((rate) => rate * 8);
  return [time.map((milliseconds) => milliseconds / 1000), bits(received), bits(sent)];
}

function options() {
  const axis = {
    stroke: property("--quiet"),
    grid: { stroke: property("--line"), width: 1 },
    ticks: { show: false },
  };
  const curve = (label, colour) => ({
    label,
    stroke: property(colour),
    width: 2,
    points: { show: false },
    value: (_plot, value) => value === null ? "–" : formatRate(value),
  });
  return {
    width: figure.clientWidth,
    height,
    legend: { show: false },
    scales: {
      x: { range: () => [Date.now() / 1000 - span, Date.now() / 1000] },
      y: { range: (_plot, _least, most) => [0, Math.max(1000, most * 1.1)] },
    },
    axes: [
      {
        ...axis,
        size: 30,
        values: (_plot, times) => times.map((time) => clock.format(time * 1000)),
      },
      {
        ...axis,
        size: 90,
        values: (_plot, rates) => rates.map((rate) => formatRate(rate).replace(".0", "")),
      },
    ],
    series: [{}, curve("from clients", "--accent"), curve("to clients", "--sent")],
  };
}

/** The drawing in words, for who can't see it. */
function describe({ root, data: [, received, sent] }) {
  const now = (rates) => formatRate(rates.at(-1) ?? 0);
  root.setAttribute("role", "img");
  root.setAttribute(
    "aria-label",
    `Throughput over the last hour; now ${now(received)} from clients, ${now(sent)} to clients`,
  );
}

/** @returns {never} Whatever happens the drawing stays until there is something better. */
async function run() {
  let plot;
  const draw = (data) => {
    plot?.destroy();
    for (const drawing of figure.querySelectorAll("svg")) drawing.remove();
    plot = new uPlot(options(), data, figure);
    describe(plot);
  };
  draw(await samples());
  figure.dataset.drawn = "";
  new ResizeObserver(() => plot.setSize({ width: figure.clientWidth, height })).observe(figure);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => draw(plot.data));
  for (;;) {
    await new Promise((resolve) => setTimeout(resolve, interval));
    if (document.hidden) continue;
    // A failure now is no reason to stop: the server may come back.
    const data = await samples().catch(() => undefined);
    if (data === undefined) continue;
    plot.setData(data);
    describe(plot);
  }
}

if (figure !== null && "uPlot" in globalThis) run();
